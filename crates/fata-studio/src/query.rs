//! The part of an address after the question mark.

use crate::reply::Refusal;

/// Parameters by name. A name that nobody reads is an error, so that a
/// misspelt one is not silently without effect.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query; `allowed` are the names it may have.
    pub(crate) fn parse(text: Option<&str>, allowed: &[&str]) -> Result<Self, Refusal> {
        let mut parameters: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(text.unwrap_or_default().as_bytes()) {
            if !allowed.contains(&&*name) {
                return Err(Refusal::bad(format!(
                    "there is no parameter `{name}` here; there are: {}",
                    allowed.join(", ")
                )));
            }
            if parameters.iter().any(|(known, _)| *known == name) {
                return Err(Refusal::bad(format!(
                    "the parameter `{name}` is given twice"
                )));
            }
            parameters.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(parameters))
    }

    /// A parameter's text; one that is empty counts as not given.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| &value[..])
            .filter(|value| !value.is_empty())
    }

    /// A whole number.
    pub(crate) fn whole(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let read = |text: &str| {
            text.parse().map_err(|_| {
                Refusal::bad(format!("{name}={text}: it must be a whole number from 0"))
            })
        };
        self.text(name).map(read).transpose()
    }

    /// A number between two others.
    pub(crate) fn number(&self, name: &str, low: f32, high: f32) -> Result<Option<f32>, Refusal> {
        let read = |text: &str| {
            let number = text
                .parse()
                .ok()
                .filter(|number| (low..=high).contains(number));
            number.ok_or_else(|| {
                Refusal::bad(format!(
                    "{name}={text}: it must be a number from {low} to {high}"
                ))
            })
        };
        self.text(name).map(read).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_misspelt_doubled_or_out_of_bounds_is_refused() {
        let names = ["seed", "trunc"];
        let query = Query::parse(Some("seed=7&trunc=0.5"), &names).unwrap();
        assert_eq!(query.whole("seed").unwrap(), Some(7));
        assert_eq!(query.number("trunc", 0.0, 1.0).unwrap(), Some(0.5));
        let empty = Query::parse(Some("seed=&trunc="), &names).unwrap();
        assert_eq!(empty.whole("seed").unwrap(), None);
        assert!(Query::parse(None, &names).unwrap().text("seed").is_none());
        assert!(Query::parse(Some("sede=7"), &names).is_err());
        assert!(Query::parse(Some("seed=7&seed=8"), &names).is_err());
        for bad in ["-1", "x", "1.5", "99999999999999999999"] {
            let query = Query::parse(Some(&format!("seed={bad}")), &names).unwrap();
            assert!(query.whole("seed").is_err(), "{bad}");
        }
        for bad in ["NaN", "inf", "-0.1", "1.1", "x"] {
            let query = Query::parse(Some(&format!("trunc={bad}")), &names).unwrap();
            assert!(query.number("trunc", 0.0, 1.0).is_err(), "{bad}");
        }
    }
}
