//! Sums of latents as people write them: `mean(12,40,7) - mean(3,9) + 0.5*21`.
//!
//! A whole number is a seed and `@FILE` a latent that `fata invert` kept; `mean(...)`
//! averages; `+`, `-` and parentheses do what they do elsewhere. A number before a
//! `*` or after a `/` is a plain number and no seed: `2*21` is twice the latent of
//! seed 21. Everything that can be written is linear, so what is read is a weight
//! for each seed and file, and the parts in which they were written.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The longest text that is read, in bytes.
const LONGEST: usize = 10_000;
/// Parentheses within parentheses.
const DEEPEST: usize = 50;
/// The largest factor, either way.
const LARGEST_FACTOR: f64 = 1e6;
const LARGEST_WEIGHT: f64 = 1e12;

/// What a sum is made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    /// The latent of a seed.
    Seed(u64),
    /// A latent in a file.
    File(String),
}

/// A weight for each term.
pub(super) type Weights = BTreeMap<Term, f64>;

/// A part of a sum: what stands between two signs.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Whether it is taken away.
    pub negative: bool,
    /// As it was written.
    pub text: String,
    /// The weights of its terms, without the sign before it.
    pub weights: BTreeMap<Term, f64>,
}

/// A sum of latents.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    text: String,
    parts: Vec<Part>,
}

/// A text that is no sum of latents.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub struct ExpressionError {
    text: String,
    /// The byte at which it goes wrong.
    pub at: usize,
    reason: String,
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let before = &self.text[..self.at];
        let place = before.chars().count();
        writeln!(out, "at character {}: {}", place + 1, self.reason)?;
        let shown: String = self.text.chars().filter(|c| !c.is_control()).collect();
        if shown.chars().count() <= 200 {
            writeln!(out, "  {shown}")?;
            writeln!(out, "  {}^", " ".repeat(place))?;
        }
        write!(
            out,
            "write sums of seeds, as \"mean(12,40,7) - mean(3,9) + 0.5*21\": whole numbers are seeds, @FILE is a kept latent, and mean(...), + - ( ), NUMBER* and /NUMBER are allowed"
        )
    }
}

impl Expression {
    /// The parts between the outermost signs, in order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The weight of each term in all; those that cancel out are left away.
    pub fn weights(&self) -> BTreeMap<Term, f64> {
        let mut all = Weights::new();
        for part in &self.parts {
            let sign = if part.negative { -1.0 } else { 1.0 };
            add(&mut all, &part.weights, sign);
        }
        all.retain(|_, weight| weight.abs() > 1e-9);
        all
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl FromStr for Expression {
    type Err = ExpressionError;

    fn from_str(text: &str) -> Result<Self, ExpressionError> {
        let mut reader = Reader {
            text,
            at: 0,
            depth: 0,
        };
        if text.len() > LONGEST {
            return Err(reader.refuse(format!("it is longer than {LONGEST} bytes")));
        }
        let parts = reader.sum()?;
        reader.skip();
        match reader.rest().chars().next() {
            None => Ok(Self {
                text: text.trim().into(),
                parts,
            }),
            Some(')') => Err(reader.refuse("this `)` closes nothing".into())),
            Some(other) => Err(reader.refuse(format!(
                "`{other}` cannot stand here: +, - or the end is expected"
            ))),
        }
    }
}

fn add(sum: &mut Weights, more: &Weights, factor: f64) {
    for (term, weight) in more {
        *sum.entry(term.clone()).or_default() += factor * weight;
    }
}

/// A reader of the text, from left to right.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Goes over a sign, if it comes next.
    fn takes(&mut self, sign: char) -> bool {
        self.skip();
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len_utf8();
        }
        found
    }

    fn refuse(&self, reason: String) -> ExpressionError {
        ExpressionError {
            text: self.text.into(),
            at: self.at.min(self.text.len()),
            reason,
        }
    }

    /// `[-] product { (+|-) product }`
    fn sum(&mut self) -> Result<Vec<Part>, ExpressionError> {
        let mut negative = self.takes('-');
        let mut parts = Vec::new();
        loop {
            self.skip();
            let first = self.at;
            let weights = self.product()?;
            parts.push(Part {
                negative,
                text: self.text[first..self.at].trim().into(),
                weights,
            });
            negative = match (self.takes('+'), self.takes('-')) {
                (true, false) => false,
                (false, true) => true,
                (false, false) => return Ok(parts),
                (true, true) => {
                    self.at -= 1;
                    return Err(self.refuse("two signs follow one another".into()));
                }
            };
        }
    }

    /// `{ NUMBER * } atom { / NUMBER }`
    fn product(&mut self) -> Result<Weights, ExpressionError> {
        let mut factor = 1.0;
        loop {
            self.skip();
            let first = self.at;
            match self.number() {
                Some(number) if self.takes('*') => {
                    factor = self.factor(factor * number?, first)?;
                }
                _ => {
                    self.at = first;
                    break;
                }
            }
        }
        let mut weights = self.atom()?;
        loop {
            self.skip();
            let first = self.at;
            if self.takes('/') {
                self.skip();
                let Some(number) = self.number() else {
                    return Err(self.refuse("a plain number is expected after `/`".into()));
                };
                let number = self.factor(number?, first)?;
                if number < 1.0 / LARGEST_FACTOR {
                    self.at = first;
                    return Err(self.refuse("nothing can be divided by so little".into()));
                }
                factor /= number;
            } else if self.takes('*') {
                self.at = first;
                return Err(self.refuse("two latents cannot be multiplied; a plain number stands before the `*`: 0.5*21".into()));
            } else {
                break;
            }
        }
        weights.values_mut().for_each(|weight| *weight *= factor);
        if weights.values().any(|weight| weight.abs() > LARGEST_WEIGHT) {
            return Err(self.refuse("the factors up to here are too large in all".into()));
        }
        Ok(weights)
    }

    fn factor(&mut self, number: f64, first: usize) -> Result<f64, ExpressionError> {
        if number <= LARGEST_FACTOR {
            return Ok(number);
        }
        self.at = first;
        Err(self.refuse(format!("a factor can be at most {LARGEST_FACTOR}")))
    }

    /// Digits with at most one point between them; `None` where there are none.
    fn number(&mut self) -> Option<Result<f64, ExpressionError>> {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let digits = &rest[..end];
        if digits.is_empty() {
            return None;
        }
        let parsed = digits
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite());
        let Some(number) = parsed else {
            return Some(Err(self.refuse(format!("`{digits}` is no number"))));
        };
        self.at += end;
        Some(Ok(number))
    }

    /// `SEED`, `@FILE`, `mean(...)` or `(sum)`
    fn atom(&mut self) -> Result<Weights, ExpressionError> {
        self.skip();
        let first = self.at;
        let rest = self.rest();
        let Some(next) = rest.chars().next() else {
            return Err(self.refuse("a seed, @FILE, mean(...) or ( is expected".into()));
        };
        if next.is_ascii_digit() || next == '.' {
            return self.seed();
        }
        if next == '@' {
            return self.file();
        }
        if next == '(' {
            return self.inside(Self::grouped);
        }
        if next.is_alphabetic() {
            let end = rest
                .find(|c: char| !c.is_alphanumeric())
                .unwrap_or(rest.len());
            if &rest[..end] != "mean" {
                return Err(self.refuse(format!(
                    "there is no `{}` here, only mean(...)",
                    &rest[..end]
                )));
            }
            self.at += end;
            self.skip();
            if !self.rest().starts_with('(') {
                return Err(self.refuse("`(` is expected after mean".into()));
            }
            return self.inside(Self::averaged);
        }
        self.at = first;
        Err(self.refuse(format!(
            "`{next}` cannot stand here: a seed, @FILE, mean(...) or ( is expected"
        )))
    }

    fn seed(&mut self) -> Result<Weights, ExpressionError> {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let digits = &rest[..end];
        let seed = digits.parse().map_err(|_| {
            let reason = match digits.contains('.') {
                true => format!(
                    "`{digits}` is no seed: seeds are whole, and a factor is followed by `*`"
                ),
                false => format!("`{digits}` is no seed: the largest is {}", u64::MAX),
            };
            self.refuse(reason)
        })?;
        self.at += end;
        Ok(Weights::from([(Term::Seed(seed), 1.0)]))
    }

    /// A file's name ends at a blank, a comma or a closing parenthesis, or stands
    /// between quotes.
    fn file(&mut self) -> Result<Weights, ExpressionError> {
        self.at += 1;
        let rest = self.rest();
        let (name, end) = match rest.strip_prefix('\'') {
            Some(quoted) => match quoted.find('\'') {
                Some(end) => (&quoted[..end], end + 2),
                None => return Err(self.refuse("the quote is not closed".into())),
            },
            None => {
                let ends = |c: char| c.is_whitespace() || ",)".contains(c);
                let end = rest.find(ends).unwrap_or(rest.len());
                (&rest[..end], end)
            }
        };
        if name.is_empty() {
            return Err(self.refuse("a file's name is expected after @".into()));
        }
        self.at += end;
        Ok(Weights::from([(Term::File(name.into()), 1.0)]))
    }

    /// What `within` reads between two parentheses.
    fn inside(
        &mut self,
        within: fn(&mut Self) -> Result<Weights, ExpressionError>,
    ) -> Result<Weights, ExpressionError> {
        let opened = self.at;
        self.at += 1;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.refuse(format!(
                "more than {DEEPEST} parentheses within one another"
            )));
        }
        let weights = within(self)?;
        self.depth -= 1;
        if self.takes(')') {
            return Ok(weights);
        }
        if self.rest().is_empty() {
            self.at = opened;
            return Err(self.refuse("this `(` is not closed".into()));
        }
        Err(self.refuse("`)` or a sign is expected".into()))
    }

    fn grouped(&mut self) -> Result<Weights, ExpressionError> {
        let mut weights = Weights::new();
        for part in self.sum()? {
            add(
                &mut weights,
                &part.weights,
                if part.negative { -1.0 } else { 1.0 },
            );
        }
        Ok(weights)
    }

    fn averaged(&mut self) -> Result<Weights, ExpressionError> {
        let (mut sum, mut count) = (Weights::new(), 0_u32);
        loop {
            let one = self.grouped()?;
            add(&mut sum, &one, 1.0);
            count += 1;
            if !self.takes(',') {
                break;
            }
        }
        sum.values_mut()
            .for_each(|weight| *weight /= f64::from(count));
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(text: &str) -> Vec<(u64, f64)> {
        let read: Expression = text.parse().unwrap_or_else(|e| panic!("{e}"));
        let seeds = read.weights().into_iter().map(|(term, weight)| match term {
            Term::Seed(seed) => (seed, weight),
            Term::File(name) => panic!("{name}"),
        });
        seeds.collect()
    }

    #[test]
    fn sums_mean_what_they_mean_elsewhere() {
        assert_eq!(weights("21"), [(21, 1.0)]);
        assert_eq!(
            weights("mean(12, 40) - 3 + 0.5*21"),
            [(3, -1.0), (12, 0.5), (21, 0.5), (40, 0.5)]
        );
        assert_eq!(weights("2*(1 - 3*2)/4"), [(1, 0.5), (2, -1.5)]);
        assert_eq!(weights("-(1-2)"), [(1, -1.0), (2, 1.0)]);
        assert_eq!(weights("mean(1+2, -3)"), [(1, 0.5), (2, 0.5), (3, -0.5)]);
        assert_eq!(weights("7 + 7"), [(7, 2.0)]);
        assert_eq!(weights("7 - 7"), []);
    }

    #[test]
    fn parts_keep_their_signs_and_their_words() {
        let read: Expression = "mean(12,40,7) - (3 + 9) + @'my face.safetensors'"
            .parse()
            .unwrap();
        let parts: Vec<_> = read
            .parts()
            .iter()
            .map(|p| (p.negative, &p.text[..]))
            .collect();
        assert_eq!(
            parts,
            [
                (false, "mean(12,40,7)"),
                (true, "(3 + 9)"),
                (false, "@'my face.safetensors'")
            ]
        );
        let file = Term::File("my face.safetensors".into());
        assert_eq!(read.weights()[&file], 1.0);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, at, said) in [
            ("", 0, "a seed"),
            ("12 +", 4, "a seed"),
            ("12 40", 3, "`4` cannot stand here"),
            ("median(1,2)", 0, "only mean"),
            ("mean 1", 5, "`(` is expected"),
            ("(1 + 2", 0, "not closed"),
            ("1)", 1, "closes nothing"),
            ("0.5", 0, "is no seed"),
            ("1*2*mean(3)*4", 11, "cannot be multiplied"),
            ("3/0", 1, "divided"),
            ("1 / x", 4, "plain number"),
            ("1 +- 2", 3, "two signs"),
            ("99999999999999999999", 0, "the largest"),
            ("@", 1, "a file's name"),
            ("@'x", 1, "quote"),
            ("1..2*3", 0, "is no"),
            ("é", 0, "only mean"),
            ("1 ? 2", 2, "`?` cannot stand here"),
        ] {
            let error = text.parse::<Expression>().unwrap_err();
            assert_eq!(error.at, at, "{text:?}: {error}");
            assert!(error.to_string().contains(said), "{text:?}: {error}");
            assert!(error.to_string().contains("mean(12,40,7)"));
        }
        let deep = "(".repeat(500) + "1";
        assert!(
            deep.parse::<Expression>()
                .unwrap_err()
                .to_string()
                .contains("parentheses")
        );
        let long = "1+".repeat(LONGEST);
        assert!(
            long.parse::<Expression>()
                .unwrap_err()
                .to_string()
                .contains("longer")
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "([0-9]{1,3}|mean|[-+*/(),.@' ]|[a-zé]){0,40}") {
            match text.parse::<Expression>() {
                Ok(read) => {
                    let weights = read.weights();
                    proptest::prop_assert!(weights.values().all(|weight| weight.is_finite()));
                    let again: Expression = read.to_string().parse().unwrap();
                    proptest::prop_assert_eq!(again.weights(), weights);
                }
                Err(error) => {
                    proptest::prop_assert!(text.is_char_boundary(error.at), "{}", error);
                    let _ = error.to_string();
                }
            }
        }
    }
}
