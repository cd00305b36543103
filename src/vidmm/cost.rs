//! What things cost on the machine's clock, in nanoseconds, from the rates of the configuration.

use crate::base::Traffic;
use crate::config::Costs;
use crate::ddi::{DevicePowerState, SetPowerState};

use super::power::PowerOperation;

/// A command reaches VidMm.
pub(crate) const COMMAND: u64 = 1_000;
/// What a device gets for one packet before it is reset: `TdrDelay`, 2 seconds.
pub(crate) const TIMEOUT: u64 = 2_000_000_000;
/// A word to the platform: the GART driver, or the CPU about its cache; a step of a transition.
pub(crate) const PLATFORM: u64 = 500;

/// Bytes at a rate in bytes a second; a rate of 0 takes no time.
fn rate(bytes: u64, rate: u64) -> u64 {
    if rate == 0 {
        return 0;
    }
    let nanoseconds = u128::from(bytes) * 1_000_000_000 / u128::from(rate);
    // Sums of many steps must stay far from the end of the clock.
    u64::try_from(nanoseconds).unwrap_or(MOST).min(MOST)
}

/// The longest that one step takes: 24 days.
const MOST: u64 = 1 << 51;

/// What a device moves, in nanoseconds.
fn traffic(costs: &Costs, moved: Traffic) -> u64 {
    let parts = [
        rate(moved.to_device, costs.link_to_device),
        rate(moved.to_host, costs.link_to_host),
        rate(moved.local, costs.local_memory),
        moved.pages.saturating_mul(costs.aperture_page),
    ];
    parts.into_iter().fold(0, |sum: u64, part| sum.saturating_add(part).min(MOST))
}

/// A packet that moves so much, in nanoseconds.
#[must_use]
pub fn packet(costs: &Costs, moved: Traffic) -> u64 {
    costs.packet.min(MOST).saturating_add(traffic(costs, moved)).min(MOST)
}

/// Pages of an aperture that the driver points elsewhere itself, in nanoseconds.
pub(crate) fn pages(costs: &Costs, pages: u64) -> u64 {
    traffic(costs, Traffic::of_pages(pages))
}

/// A call of the driver to build, in nanoseconds.
pub(crate) fn build_call(costs: &Costs) -> u64 {
    costs.operation.min(MOST)
}

/// A submission, in nanoseconds.
pub(crate) fn submission(costs: &Costs) -> u64 {
    costs.submission.min(MOST)
}

/// A step of a power transition, without what the engine does in it, in nanoseconds.
#[must_use]
pub fn power_step(costs: &Costs, operation: &PowerOperation) -> u64 {
    let nanoseconds = match operation {
        PowerOperation::SetPowerState(SetPowerState { state: DevicePowerState::D0, .. })
        | PowerOperation::RestartFromTimeout => costs.power_up,
        PowerOperation::SetPowerState(_) | PowerOperation::ResetFromTimeout => costs.power_down,
        PowerOperation::WriteHibernateFile(bytes) | PowerOperation::ReadHibernateFile(bytes) => {
            rate(bytes.get(), costs.hibernate_file)
        }
        PowerOperation::DrainEngines
        | PowerOperation::DecideSegment(..)
        | PowerOperation::ContentLost
        | PowerOperation::MappingLost => 0,
        PowerOperation::SuspendScheduling
        | PowerOperation::TrimDmaBuffers(_)
        | PowerOperation::RefillDmaBuffers(_)
        | PowerOperation::EnterSleep(_)
        | PowerOperation::PowerLost
        | PowerOperation::WakeUp
        | PowerOperation::ResumeScheduling => PLATFORM,
    };
    nanoseconds.min(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_take_as_long_as_their_way_is_slow() {
        let costs = Costs {
            link_to_device: 1_000_000_000,
            link_to_host: 500_000_000,
            local_memory: 0,
            packet: 100,
            aperture_page: 3,
            ..Costs::default()
        };
        let way = |from, to| packet(&costs, Traffic::of_bytes(from, to, 4096));
        assert_eq!(way(Some(false), Some(true)), 100 + 4096);
        assert_eq!(way(Some(true), Some(false)), 100 + 8192);
        assert_eq!(way(Some(true), Some(true)), 100, "a rate of 0 takes no time");
        assert_eq!(packet(&costs, Traffic::of_pages(16)), 100 + 48);
    }

    #[test]
    fn no_size_and_no_rate_overflows_the_clock() {
        let slow = Costs { link_to_device: 1, packet: u64::MAX, ..Costs::default() };
        let most = packet(&slow, Traffic::of_bytes(Some(false), None, u64::MAX));
        assert_eq!(most, MOST);
        let all =
            Traffic { to_device: u64::MAX, to_host: u64::MAX, local: u64::MAX, pages: u64::MAX };
        assert_eq!(packet(&slow, all), MOST);
    }
}
