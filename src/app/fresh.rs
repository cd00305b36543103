//! Sessions that begin with the adapter of a profile and without commands.

use crate::config::Policies;
use crate::kmd::{self, Profile};
use crate::session::Document;
use crate::session::document::AdapterDescription;

use super::application::App;
use super::notice::Notice;
use super::opened::Opened;

/// The profiles that a session can begin with, ours first.
#[must_use]
pub fn profiles() -> Vec<Profile> {
    kmd::profiles()
}

impl App {
    /// Begins a session on the adapter of a profile; a profile that there is not leaves everything
    /// as it was.
    pub(super) fn begin(&mut self, profile: &str) {
        let Some(Profile { name, title, .. }) = kmd::profile(profile) else { return };
        let document = Document {
            head_comment: String::new(),
            title: format!("New session: {title}"),
            notes: String::new(),
            tags: Vec::new(),
            adapter: AdapterDescription { profile: name.to_owned(), ..Default::default() },
            policies: Policies::default(),
            bookmarks: Vec::new(),
            commands: Vec::new(),
        };
        match Opened::read(&crate::session::write(&document), title) {
            Ok(opened) => {
                self.notices.clear();
                self.show(opened);
            }
            Err(errors) => self.tell(Notice::load_errors(title, &errors)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Action;

    #[test]
    fn every_profile_begins_a_session_whose_adapter_starts() {
        let mut app = App::default();
        for profile in profiles() {
            app.dispatch(Action::NewSession(profile.name));
            let opened = app.session().expect("it is open");
            assert_eq!(opened.document().adapter.profile, profile.name);
            assert_eq!(opened.run().adapter(), &profile.adapter);
            assert!(opened.run().machine().started().is_ok(), "{}", profile.name);
            assert!(opened.run().commands().is_empty());
            assert_eq!((opened.file(), opened.embedded()), (None, None));
            assert!(!opened.is_changed(), "there is nothing to lose yet");
            assert!(app.session_name().starts_with("New session: "));
        }
        let before = app.serial();
        app.dispatch(Action::NewSession("nothing of the kind"));
        assert_eq!(app.serial(), before);
    }
}
