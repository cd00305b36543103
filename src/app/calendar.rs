//! Days and times of day in words, from numbers that the caller read off a clock.

/// A moment, as whoever may look at a clock tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WallTime {
    /// Seconds since the beginning of 1970, in Greenwich.
    pub seconds: u64,
    /// Seconds by which clocks here are ahead of Greenwich; `None` where nobody knows.
    pub ahead: Option<i32>,
}

/// Names of the months.
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// Seconds of a day.
const DAY: i64 = 86_400;
/// Seconds of an hour.
const HOUR: i64 = 3_600;

/// When something was, as one says it now: "today 09:14", "yesterday", "12 Nov", "12 Nov 2024".
///
/// Where it is not known what time it is here, the last two days are told by how long ago they were.
#[must_use]
pub fn when_text(when: u64, now: WallTime) -> String {
    let ahead = i64::from(now.ahead.unwrap_or(0));
    let local = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX / 2).saturating_add(ahead);
    let (then, here) = (local(when), local(now.seconds));
    let (day, today) = (then.div_euclid(DAY), here.div_euclid(DAY));
    if now.ahead.is_none() {
        match here.saturating_sub(then) {
            past @ 0..HOUR => return ago(past / 60, "minute"),
            past @ HOUR..DAY => return ago(past / HOUR, "hour"),
            past if (DAY..2 * DAY).contains(&past) => return ago(1, "day"),
            _ => {}
        }
    } else if day == today {
        let of_day = then.rem_euclid(DAY);
        return format!("today {:02}:{:02}", of_day / HOUR, of_day % HOUR / 60);
    } else if day == today - 1 {
        return String::from("yesterday");
    }
    let (year, month, date) = civil(day);
    let (this_year, ..) = civil(today);
    let name = usize::try_from(month - 1).ok().and_then(|index| MONTHS.get(index));
    let name = name.copied().unwrap_or_default();
    if year == this_year { format!("{date} {name}") } else { format!("{date} {name} {year}") }
}

fn ago(number: i64, unit: &str) -> String {
    match number {
        0 => String::from("just now"),
        1 => format!("1 {unit} ago"),
        number => format!("{number} {unit}s ago"),
    }
}

/// Year, month and day of month, both from 1, of a day counted from 1 January 1970, in the Gregorian
/// calendar: 146,097 days in 400 years, counted from a March, so that the leap day comes last.
const fn civil(day: i64) -> (i64, i64, i64) {
    // Days since 1 March of the year 0.
    let day = day + 719_468;
    let (era, day) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    // Five months from March on have 153 days, whichever five they are.
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = 400 * era + year;
    (if month <= 2 { year + 1 } else { year }, month, date)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 26 November 2026, 09:30 in Greenwich: 20,783 days and 34,200 seconds after 1970.
    const NOW: u64 = 20_783 * 86_400 + 34_200;

    fn at(ahead: Option<i32>, before: u64) -> String {
        when_text(NOW - before, WallTime { seconds: NOW, ahead })
    }

    #[test]
    fn days_have_the_dates_of_the_calendar() {
        let table = [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (59, (1970, 3, 1)),
            // 2000 was a leap year: 30 years of 365 days and seven leap days before it.
            (10_957, (2000, 1, 1)),
            (10_957 + 59, (2000, 2, 29)),
            (10_957 + 60, (2000, 3, 1)),
            // 2100 is none.
            (10_957 + 36_525 + 58, (2100, 2, 28)),
            (10_957 + 36_525 + 59, (2100, 3, 1)),
            (20_783, (2026, 11, 26)),
        ];
        for (day, expected) in table {
            assert_eq!(civil(day), expected, "day {day}");
        }
    }

    #[test]
    fn today_has_a_time_yesterday_none_and_earlier_days_a_date() {
        assert_eq!(at(Some(0), 16 * 60), "today 09:14");
        assert_eq!(at(Some(0), 34_200), "today 00:00");
        assert_eq!(at(Some(0), 34_201), "yesterday");
        assert_eq!(at(Some(0), 34_200 + 86_400), "yesterday");
        assert_eq!(at(Some(0), 34_201 + 86_400), "24 Nov");
        assert_eq!(at(Some(0), 14 * 86_400), "12 Nov");
        assert_eq!(at(Some(0), 365 * 86_400), "26 Nov 2025");
        // Where clocks are an hour ahead, the day began an hour earlier.
        assert_eq!(at(Some(3_600), 34_201), "today 00:59");
        assert_eq!(at(Some(-5 * 3_600), 5 * 3_600), "yesterday");
        // A clock that was set back makes a file of tomorrow.
        assert_eq!(when_text(NOW + 86_400, WallTime { seconds: NOW, ahead: Some(0) }), "27 Nov");
    }

    #[test]
    fn without_the_time_of_day_it_is_told_how_long_ago() {
        assert_eq!(at(None, 20), "just now");
        assert_eq!(at(None, 60), "1 minute ago");
        assert_eq!(at(None, 3_599), "59 minutes ago");
        assert_eq!(at(None, 3_600), "1 hour ago");
        assert_eq!(at(None, 86_399), "23 hours ago");
        assert_eq!(at(None, 86_400), "1 day ago");
        assert_eq!(at(None, 2 * 86_400), "24 Nov");
        assert!(!when_text(u64::MAX, WallTime::default()).is_empty());
    }
}
