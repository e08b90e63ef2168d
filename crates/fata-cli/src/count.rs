//! Counts as people write them: `200k`, `1.5M`.

/// Reads a count of at least one.
pub(crate) fn count(text: &str) -> Result<u64, String> {
    let (digits, factor) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 1e3),
        Some((at, 'm' | 'M')) => (&text[..at], 1e6),
        _ => (text, 1.0),
    };
    let value = digits
        .parse::<f64>()
        .map_err(|_| "write a count as 5000, 200k or 1.5M".to_string())?
        * factor;
    if !(1.0..=1e15).contains(&value) || value.fract() != 0.0 {
        return Err("a count is a whole number of at least 1".into());
    }
    Ok(value as u64)
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn counts_read_as_people_write_them() {
        assert_eq!(count("5000"), Ok(5000));
        assert_eq!(count("200k"), Ok(200_000));
        assert_eq!(count("1.5M"), Ok(1_500_000));
        for bad in ["", "k", "0", "-3", "1.5", "nan", "inf", "9e99", "3x"] {
            assert!(count(bad).is_err(), "{bad}");
        }
    }
}
