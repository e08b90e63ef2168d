//! Which pictures of two domains are a pair, and which are held out.

use super::DomainOptions;
use super::side::{Cut, Side};
use crate::data::DataError;
use std::collections::BTreeMap;
use xxhash_rust::xxh3::xxh3_64;

/// Which items go together.
pub(super) struct Matched {
    pub(super) paired: bool,
    pub(super) items: [Vec<u32>; 2],
}

impl Matched {
    /// Training and held-out items, by their names.
    pub(super) fn cut(&self, sides: &[Side; 2], share: f64) -> [[Vec<u32>; 2]; 2] {
        let named = match &sides[0] {
            Side::Drawn(_) => [1, 1],
            Side::Pictures(..) if self.paired => [1, 1],
            Side::Pictures(..) => [0, 1],
        };
        let held = |domain: usize, at: usize| {
            let side = named[domain];
            let hash = xxh3_64(sides[side].stem(self.items[side][at]).as_bytes());
            (hash >> 11) as f64 / ((1_u64 << 53) as f64) < share
        };
        [false, true].map(|wanted| {
            [0, 1].map(|domain| {
                let items = self.items[domain].iter().enumerate();
                let kept = items.filter(|(at, _)| held(domain, *at) == wanted);
                kept.map(|(_, &item)| item).collect()
            })
        })
    }
}

/// The pictures of two domains, as pairs by their names where they are some.
pub(super) fn matched(
    sides: &[Side; 2],
    options: &DomainOptions,
    notices: &mut Vec<String>,
) -> Result<Matched, DataError> {
    let all = |side: &Side| (0..side.len() as u32).collect::<Vec<_>>();
    let together = |items: Vec<u32>| Matched {
        paired: options.paired.unwrap_or(true),
        items: [items.clone(), items],
    };
    match sides {
        [Side::Drawn(_), to] => return Ok(together(all(to))),
        [Side::Pictures(_, Cut::Left), to] => return Ok(together(all(to))),
        _ => {}
    }
    let [from, to] = sides;
    let unpaired = Matched {
        paired: false,
        items: [all(from), all(to)],
    };
    if options.paired == Some(false) {
        return Ok(unpaired);
    }
    let mut by_name: BTreeMap<String, u32> = BTreeMap::new();
    for item in 0..to.len() as u32 {
        by_name.entry(to.stem(item)).or_insert(item);
    }
    let mut pairs = [Vec::new(), Vec::new()];
    for item in 0..from.len() as u32 {
        if let Some(other) = by_name.remove(&from.stem(item)) {
            pairs[0].push(item);
            pairs[1].push(other);
        }
    }
    let (count, [of_from, of_to]) = (pairs[0].len(), [from.len(), to.len()]);
    let whole = count == of_from && count == of_to;
    let asked = options.paired == Some(true);
    if asked && count == 0 {
        return Err(DataError::malformed(
            &options.to,
            format!(
                "no file of it has the name of one in {}, so there are no pairs: give pairs the same names, or train without pairs (--recipe cyclegan --paired no)",
                options.from
            ),
        ));
    }
    if asked || whole {
        notices.push(match whole {
            true => format!("{count} pairs, by their names (--paired no takes them for none)"),
            false => format!(
                "{count} pairs, by their names; {} pictures of the first domain and {} of the second have no counterpart and are left out",
                of_from - count,
                of_to - count
            ),
        });
        return Ok(Matched {
            paired: true,
            items: pairs,
        });
    }
    if count > 0 {
        notices.push(format!(
            "{count} of {of_from} and {of_to} pictures have counterparts of their name: taken as unpaired (--paired yes uses the pairs alone)"
        ));
    }
    Ok(unpaired)
}
