//! The data module as its user sees it, and every bad input that it must bear.

use std::path::Path;
use std::sync::Arc;

use super::*;

fn open(path: &Path) -> Result<Dataset, DataError> {
    Dataset::open(path, &DataOptions::default())
}

#[test]
fn the_digits_are_built_in() {
    let digits = open(Path::new("digits")).unwrap();
    assert_eq!(digits.len(), 10_000);
    assert_eq!(
        digits.kind(),
        Kind::Images {
            channels: 1,
            height: 28,
            width: 28
        }
    );
    assert_eq!(digits.classes().len(), 10);
    let mut loader = Loader::new(
        Arc::new(digits),
        LoaderOptions {
            pad_to: Some(32),
            ..Default::default()
        },
    );
    let batch = loader.next_batch().unwrap();
    assert_eq!(batch.values.len(), 64 * 32 * 32);
    assert_eq!(batch.labels.unwrap().len(), 64);
}
