//! Dates of commits and files on the same day: the second one is its time of day.

/// The time in `date`, where all else that it says is what the date `above` says: `Sat Nov 21 17:21:40 2026 +0000`.
pub(in crate::compress) fn time_alone<'a>(date: &'a str, above: &str) -> Option<&'a str> {
    let time = date.split(' ').find(|word| is_time(word))?;
    (date != time && on_the_day_of(time, above).as_deref() == Some(date)).then_some(time)
}

/// The date `above` with another `time`; `None` where `time` is not just that, or `above` no date with a time.
pub(in crate::compress) fn on_the_day_of(time: &str, above: &str) -> Option<String> {
    let known = above.split(' ').find(|word| is_time(word)).filter(|_| is_time(time))?;
    Some(above.replacen(known, time, 1))
}

/// `17:21:40`, `17:21:40.578061874`
fn is_time(word: &str) -> bool {
    let (time, fraction) = word.split_once('.').unwrap_or((word, "0"));
    time.len() == 8
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
        && time.bytes().enumerate().all(|(at, byte)| if at % 3 == 2 { byte == b':' } else { byte.is_ascii_digit() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_on_the_same_day_is_its_time() {
        let above = "Sat Nov 21 17:21:40 2026 +0000";
        assert_eq!(time_alone("Sat Nov 21 16:00:01 2026 +0000", above), Some("16:00:01"));
        assert_eq!(time_alone("2026-11-21 16:00:01 +0000", "2026-11-21 17:21:40 +0000"), Some("16:00:01"));
        assert_eq!(on_the_day_of("16:00:01", above).as_deref(), Some("Sat Nov 21 16:00:01 2026 +0000"));
    }

    #[test]
    fn a_date_of_another_day_or_zone_stays_whole() {
        let above = "Sat Nov 21 17:21:40 2026 +0000";
        for date in ["Fri Nov 20 17:21:40 2026 +0000", "Sat Nov 21 17:21:40 2026 +0100", "17:21:40", "2 hours ago", ""]
        {
            assert_eq!(time_alone(date, above), None, "{date}");
        }
        assert_eq!(on_the_day_of("yesterday", above), None);
    }
}
