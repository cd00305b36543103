//! Pages of system memory that somebody reserves for use of their own.

use crate::base::{AllocationId, Bytes, Pages, PagesId};
use crate::memory::{FrameUse, Layout, Mdl};

use super::book::{BookChange, Reserved};
use super::paging::Environment;
use super::plan::out_of_frames;
use super::reason::{Failure, RefusalReason};
use super::{VidMm, invalid};

impl VidMm {
    /// Reserves pages.
    ///
    /// # Errors
    /// When they are reserved already, none are asked for, or not so many are free.
    pub fn reserve_pages(
        &mut self,
        environment: &mut Environment<'_>,
        id: PagesId,
        count: Pages,
        contiguous: bool,
    ) -> Result<(), Failure> {
        if self.book().pages(id).is_some() {
            return Err(invalid(RefusalReason::AlreadyExists));
        }
        if count == Pages::ZERO {
            return Err(invalid(RefusalReason::BadSize(Bytes::ZERO)));
        }
        let layout = if contiguous { Layout::Contiguous } else { Layout::Scattered };
        let frames = environment.host.allocate(count, FrameUse::Reserved(id), layout);
        let mdl = frames.map_err(out_of_frames)?;
        let after = Some(Box::new(Reserved { mdl, wrapped_by: None }));
        self.book.apply(BookChange::Pages { id, before: None, after });
        Ok(())
    }

    /// Gives reserved pages back.
    ///
    /// # Errors
    /// When they are not reserved, or an allocation wraps them.
    pub fn release_pages(
        &mut self,
        environment: &mut Environment<'_>,
        id: PagesId,
    ) -> Result<(), Failure> {
        let mdl = self.unwrapped_pages(id)?;
        // Nothing queued may still read or write them.
        self.drain(environment)?;
        environment.host.release(&mdl);
        let before = self.book().pages(id).cloned().map(Box::new);
        self.book.apply(BookChange::Pages { id, before, after: None });
        Ok(())
    }

    /// Reserved pages that no allocation wraps.
    ///
    /// # Errors
    /// When they are not reserved, or an allocation wraps them.
    pub fn unwrapped_pages(&self, id: PagesId) -> Result<Mdl, Failure> {
        let pages = self.book().pages(id);
        let pages = pages.ok_or_else(|| invalid(RefusalReason::NoPages(id)))?;
        match pages.wrapped_by {
            Some(_) => Err(invalid(RefusalReason::PagesInUse(id))),
            None => Ok(pages.mdl.clone()),
        }
    }

    /// Notes which allocation wraps pages.
    pub(crate) fn wrap_pages(&mut self, id: PagesId, wrapped_by: Option<AllocationId>) {
        let Some(before) = self.book().pages(id).cloned().map(Box::new) else { return };
        let after = Some(Box::new(Reserved { wrapped_by, ..(*before).clone() }));
        self.book.apply(BookChange::Pages { id, before: Some(before), after });
    }
}
