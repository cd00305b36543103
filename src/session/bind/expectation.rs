//! Binding what must hold.

use super::{At, Binder};
use crate::machine::{Expectation, ExpectedDamage, ExpectedPlace};
use crate::session::document::{NamedDamage, NamedExpectation};

impl Binder {
    /// An expectation; `None` when it has errors.
    pub(super) fn expectation(
        &mut self,
        expected: &NamedExpectation,
        at: At<'_>,
    ) -> Option<Expectation> {
        use NamedExpectation as Named;
        Some(match expected {
            Named::Place { allocation, segment, offset } => {
                let at = || at().variant("Place");
                let allocation = self.allocation(allocation, &|| at().field("allocation"));
                let segment = self.segment(segment, &|| at().field("segment"));
                Expectation::Place(allocation?, ExpectedPlace::Segment(segment?, *offset))
            }
            Named::NotResident(name) => {
                let allocation = self.allocation(name, &|| at().variant("NotResident"));
                Expectation::Place(allocation?, ExpectedPlace::NotResident)
            }
            Named::Absent(name) => {
                let allocation = self.allocation(name, &|| at().variant("Absent"));
                Expectation::Place(allocation?, ExpectedPlace::Absent)
            }
            Named::Content(name, state) => {
                let allocation = self.allocation(name, &|| at().variant("Content").index(0));
                Expectation::Content(allocation?, *state)
            }
            Named::Status(status) => Expectation::Status(*status),
            Named::Counter(counter, value) => Expectation::Counter(*counter, *value),
            Named::Bytes { allocation, offset, bytes } => {
                let at = || at().variant("Bytes");
                let allocation = self.allocation(allocation, &|| at().field("allocation"));
                self.explicit(bytes, &|| at().field("bytes"));
                Expectation::Bytes(allocation?, *offset, bytes.clone())
            }
            Named::SegmentBytes { segment, offset, bytes } => {
                let at = || at().variant("SegmentBytes");
                let segment = self.segment(segment, &|| at().field("segment"));
                self.explicit(bytes, &|| at().field("bytes"));
                Expectation::SegmentBytes(segment?, *offset, bytes.clone())
            }
            Named::PhysicalBytes { address, bytes } => {
                self.explicit(bytes, &|| at().variant("PhysicalBytes").field("bytes"));
                Expectation::PhysicalBytes(*address, bytes.clone())
            }
            Named::Hash(name, hash) => {
                let allocation = self.allocation(name, &|| at().variant("Hash").index(0));
                Expectation::Hash(allocation?, *hash)
            }
            Named::Stopped { code, parameter } => Expectation::Stopped(*code, *parameter),
            Named::Offer(name, state) => {
                let allocation = self.allocation(name, &|| at().variant("Offer").index(0));
                Expectation::Offer(allocation?, *state)
            }
            Named::Locked(name) => {
                Expectation::Locked(self.allocation(name, &|| at().variant("Locked"))?, true)
            }
            Named::Unlocked(name) => {
                Expectation::Locked(self.allocation(name, &|| at().variant("Unlocked"))?, false)
            }
            Named::Displayed(name) => {
                Expectation::Displayed(self.allocation(name, &|| at().variant("Displayed"))?, true)
            }
            Named::NotDisplayed(name) => {
                let allocation = self.allocation(name, &|| at().variant("NotDisplayed"));
                Expectation::Displayed(allocation?, false)
            }
            Named::Owner { allocation, device } => {
                let at = || at().variant("Owner");
                let allocation = self.allocation(allocation, &|| at().field("allocation"));
                let device = self.device(device, &|| at().field("device"));
                Expectation::Owner(allocation?, device?)
            }
            Named::PagesBytes { pages, offset, bytes } => {
                let at = || at().variant("PagesBytes");
                let pages = self.pages(pages, &|| at().field("pages"));
                self.explicit(bytes, &|| at().field("bytes"));
                Expectation::PagesBytes(pages?, *offset, bytes.clone())
            }
            Named::Finding(rule) => Expectation::Finding(*rule),
            Named::Damage(damage) => {
                Expectation::Damage(self.damage(damage, &|| at().variant("Damage"))?)
            }
            Named::Power(power) => Expectation::Power(*power),
            Named::Fate(name, fate) => {
                let allocation = self.allocation(name, &|| at().variant("Fate").index(0));
                Expectation::Fate(allocation?, *fate)
            }
            Named::LostBytes(name, bytes) => {
                let allocation = self.allocation(name, &|| at().variant("LostBytes").index(0));
                Expectation::LostBytes(allocation?, *bytes)
            }
        })
    }

    fn damage(&mut self, damage: &NamedDamage, at: At<'_>) -> Option<ExpectedDamage> {
        Some(match damage {
            NamedDamage::Content { allocation, offset } => {
                let at = || at().variant("Content").field("allocation");
                let allocation = self.allocation(allocation, &at)?;
                ExpectedDamage::Content { allocation, offset: *offset }
            }
            NamedDamage::Pages { pages, offset } => {
                let pages = self.pages(pages, &|| at().variant("Pages").field("pages"))?;
                ExpectedDamage::Pages { pages, offset: *offset }
            }
            NamedDamage::Segment { segment, offset } => {
                let at = || at().variant("Segment").field("segment");
                ExpectedDamage::Segment { segment: self.segment(segment, &at)?, offset: *offset }
            }
            NamedDamage::Aperture { segment, page } => {
                let at = || at().variant("Aperture").field("segment");
                ExpectedDamage::Aperture { segment: self.segment(segment, &at)?, page: *page }
            }
            NamedDamage::WrongRead { allocation, offset } => {
                let at = || at().variant("WrongRead").field("allocation");
                let allocation = self.allocation(allocation, &at)?;
                ExpectedDamage::WrongRead { allocation, offset: *offset }
            }
            NamedDamage::WrongCpuRead { allocation, offset } => {
                let at = || at().variant("WrongCpuRead").field("allocation");
                let allocation = self.allocation(allocation, &at)?;
                ExpectedDamage::WrongCpuRead { allocation, offset: *offset }
            }
        })
    }
}
