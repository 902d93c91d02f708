//! Whole numbers on the command line, refused in words.

/// Returns a parser of whole numbers from `least` to `most`; without `most` there is no other bound than the type's.
pub(super) fn whole<T: TryFrom<u64>>(least: u64, most: Option<u64>) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text| {
        let number = text.parse::<u64>().ok().filter(|number| (least..=most.unwrap_or(u64::MAX)).contains(number));
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| match most {
            Some(most) => format!("expected a whole number from {least} to {most}"),
            None => format!("expected a whole number, {least} or more"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn what_is_no_number_or_out_of_bounds_is_refused_in_words() {
        let days = whole::<u32>(1, Some(36_500));
        assert_eq!([days("1"), days("36500")], [Ok(1), Ok(36_500)]);
        for bad in ["", "x", "-1", "1.5", "0", "36501", "99999999999999999999"] {
            assert_eq!(days(bad), Err("expected a whole number from 1 to 36500".to_owned()), "{bad}");
        }
        assert_eq!(whole::<usize>(1, None)("0"), Err("expected a whole number, 1 or more".to_owned()));
        assert!(whole::<u8>(0, None)("256").is_err());
    }
}
