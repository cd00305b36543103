//! When the next step is due while a session plays. Time comes from whoever calls.

/// A length of time; moments are lengths since the window opened.
pub use std::time::Duration;

use super::action::Speed;

/// Steps made up for at once when the window was late; the rest is dropped.
const MOST_AT_ONCE: u32 = 50;

/// The beat of playing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Playback {
    /// When the last step was due; `None` until the first look at the clock.
    last: Option<Duration>,
}

impl Playback {
    /// Begins a new beat: the next look at the clock starts it.
    pub const fn restart(&mut self) {
        self.last = None;
    }

    /// How many steps have become due by `now`.
    pub fn due(&mut self, now: Duration, speed: Speed) -> u32 {
        let Some(last) = self.last else {
            self.last = Some(now);
            return 0;
        };
        let beat = beat(speed);
        let passed = now.saturating_sub(last);
        let due = u32::try_from(passed.as_nanos() / beat.as_nanos().max(1)).unwrap_or(u32::MAX);
        if due > MOST_AT_ONCE {
            self.last = Some(now);
            return MOST_AT_ONCE;
        }
        self.last = Some(last + beat * due);
        due
    }

    /// How long until the next step is due.
    #[must_use]
    pub fn wait(&self, now: Duration, speed: Speed) -> Duration {
        let due = self.last.unwrap_or(now) + beat(speed);
        due.saturating_sub(now)
    }
}

fn beat(speed: Speed) -> Duration {
    Duration::from_secs(1) / speed.0.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn steps_fall_due_at_the_speed() {
        let mut playback = Playback::default();
        let speed = Speed(10);
        assert_eq!(playback.due(at(5_000), speed), 0);
        assert_eq!(playback.wait(at(5_000), speed), at(100));
        assert_eq!(playback.due(at(5_099), speed), 0);
        assert_eq!(playback.due(at(5_250), speed), 2);
        // The beat goes on from 5,200 and not from when somebody looked.
        assert_eq!(playback.wait(at(5_250), speed), at(50));
        assert_eq!(playback.due(at(5_300), speed), 1);
    }

    #[test]
    fn a_window_that_slept_does_not_race() {
        let mut playback = Playback::default();
        playback.due(at(0), Speed(200));
        assert_eq!(playback.due(at(3_600_000), Speed(200)), MOST_AT_ONCE);
        assert_eq!(playback.due(at(3_600_004), Speed(200)), 0);
    }
}
