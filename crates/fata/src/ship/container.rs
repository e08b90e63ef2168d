//! The one form of Fata's binary files: safetensors with a checksum.
//!
//! Tensors are `f32`, pictures' channels last: convolution weights are
//! `[kernel, kernel, in, out]`, those of transposed convolutions
//! `[kernel, kernel, out, in]`, dense ones `[in, out]`. The metadata has one key, `fata`, whose JSON holds a
//! card (what the file is) and the checksum of everything else. One key,
//! because safetensors does not order several, and equal runs give equal files.

use crate::layers::Stored;
use safetensors::tensor::{Dtype, SafeTensors, View, serialize};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use xxhash_rust::xxh3::Xxh3Default;

/// The version of the form; a file of another one is refused.
const FORMAT: u32 = 1;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ContainerError {
    /// Not safetensors, or cut off.
    #[error("it is damaged or not a safetensors file ({0})")]
    Damaged(String),
    /// Safetensors, but not by Fata.
    #[error("it is a safetensors file that fata did not write (its metadata have no `fata`)")]
    Foreign,
    /// The checksum does not fit.
    #[error("it is damaged: its checksum does not fit its contents")]
    Checksum,
    /// Another version of the form.
    #[error("it has format {found}, and this fata ({}) reads format {FORMAT}: use fata {version}, which wrote it", env!("CARGO_PKG_VERSION"))]
    Version {
        /// The file's format.
        found: u32,
        /// Who wrote it.
        version: String,
    },
    /// Another of Fata's files.
    #[error("it is a {found}, and a {wanted} is needed; name the run folder instead")]
    Kind {
        /// What it is.
        found: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// A tensor that is needed is not there, or has another shape.
    #[error("it does not hold the tensor `{name}` in the shape {shape:?}")]
    Tensor {
        /// The tensor's name.
        name: String,
        /// The shape that is needed.
        shape: Vec<usize>,
    },
}

/// What a file says of itself, beside its tensors.
pub(crate) trait Card: Serialize + DeserializeOwned {
    /// What such a file is called: the card's `kind`.
    const KIND: &'static str;
}

/// Named tensors and a card.
#[derive(Debug)]
pub(crate) struct Container<C> {
    pub(crate) card: C,
    pub(crate) tensors: Stored,
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    format: u32,
    fata: String,
    checksum: String,
    card: serde_json::Value,
}

struct F32View<'a>(&'a [usize], Vec<u8>);

impl View for F32View<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }
    fn shape(&self) -> &[usize] {
        self.0
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.1)
    }
    fn data_len(&self) -> usize {
        self.1.len()
    }
}

impl<C: Card> Container<C> {
    /// The file's bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut card = serde_json::to_value(&self.card).expect("a card is plain data");
        card["kind"] = C::KIND.into();
        let views: Vec<(&str, F32View)> = self
            .tensors
            .iter()
            .map(|(name, (shape, numbers))| {
                let bytes = numbers
                    .iter()
                    .flat_map(|number| number.to_le_bytes())
                    .collect();
                (name.as_str(), F32View(shape, bytes))
            })
            .collect();
        let mut sum = Checksum::new(env!("CARGO_PKG_VERSION"), &card);
        for (name, view) in &views {
            sum.add(name, view.0, &view.1);
        }
        let envelope = Envelope {
            format: FORMAT,
            fata: env!("CARGO_PKG_VERSION").into(),
            checksum: sum.finish(),
            card,
        };
        let text = serde_json::to_string(&envelope).expect("an envelope is plain data");
        let metadata = HashMap::from([("fata".to_string(), text)]);
        serialize(views, Some(metadata)).expect("names are unique and shapes fit")
    }

    /// Reads a file's bytes, all of them checked.
    ///
    /// # Errors
    /// If they are damaged, foreign or of another version.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, ContainerError> {
        let damaged =
            |error: safetensors::SafeTensorError| ContainerError::Damaged(error.to_string());
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
        let text = metadata.metadata().as_ref().and_then(|map| map.get("fata"));
        let text = text.ok_or(ContainerError::Foreign)?;
        let envelope: Envelope = serde_json::from_str(text)
            .map_err(|error| ContainerError::Damaged(format!("its card: {error}")))?;
        if envelope.format != FORMAT {
            return Err(ContainerError::Version {
                found: envelope.format,
                version: envelope.fata,
            });
        }
        let file = SafeTensors::deserialize(bytes).map_err(damaged)?;
        let views: BTreeMap<String, _> = file.tensors().into_iter().collect();
        let mut sum = Checksum::new(&envelope.fata, &envelope.card);
        let mut tensors = BTreeMap::new();
        for (name, view) in &views {
            if view.dtype() != Dtype::F32 {
                return Err(ContainerError::Damaged(format!("`{name}` is not f32")));
            }
            sum.add(name, view.shape(), view.data());
            let numbers = view
                .data()
                .as_chunks()
                .0
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes));
            tensors.insert(name.clone(), (view.shape().to_vec(), numbers.collect()));
        }
        if sum.finish() != envelope.checksum {
            return Err(ContainerError::Checksum);
        }
        let found = envelope.card["kind"].as_str().unwrap_or("file of no kind");
        if found != C::KIND {
            return Err(ContainerError::Kind {
                found: found.into(),
                wanted: C::KIND,
            });
        }
        let card = serde_json::from_value(envelope.card)
            .map_err(|error| ContainerError::Damaged(format!("its card: {error}")))?;
        Ok(Self { card, tensors })
    }

    /// Takes a tensor out.
    ///
    /// # Errors
    /// If it is not there in this shape.
    pub(crate) fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ContainerError> {
        match self.tensors.remove(name) {
            Some((found, numbers)) if found == shape => Ok(numbers),
            _ => Err(ContainerError::Tensor {
                name: name.into(),
                shape: shape.into(),
            }),
        }
    }
}

struct Checksum(Xxh3Default);

impl Checksum {
    fn new(version: &str, card: &serde_json::Value) -> Self {
        let mut sum = Xxh3Default::new();
        sum.update(version.as_bytes());
        sum.update(card.to_string().as_bytes());
        Self(sum)
    }
    fn add(&mut self, name: &str, shape: &[usize], data: &[u8]) {
        self.0.update(format!("\n{name} {shape:?}\n").as_bytes());
        self.0.update(data);
    }
    fn finish(&self) -> String {
        format!("{:032x}", self.0.digest128())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Numbers = BTreeMap<String, serde_json::Value>;

    impl Card for Numbers {
        const KIND: &'static str = "test";
    }

    fn sample() -> Container<Numbers> {
        Container {
            card: BTreeMap::from([
                ("kind".into(), "test".into()),
                ("third".into(), (1.0 / 3.0).into()),
            ]),
            tensors: BTreeMap::from([
                (
                    "a".to_string(),
                    (vec![2, 3], vec![1.0, -0.0, 3.5, f32::MIN, 5.0, 6.0]),
                ),
                ("b".to_string(), (vec![1], vec![7.0])),
            ]),
        }
    }

    #[test]
    fn what_is_written_reads_back_bit_for_bit() {
        let (file, again) = (sample().encode(), sample().encode());
        assert_eq!(file, again, "equal contents give equal bytes");
        let read: Container<Numbers> = Container::decode(&file).unwrap();
        assert_eq!(read.card, sample().card);
        assert_eq!(read.tensors, sample().tensors);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let file = sample().encode();
        for at in 0..file.len() * 8 {
            let mut broken = file.clone();
            broken[at / 8] ^= 1 << (at % 8);
            let read = Container::<Numbers>::decode(&broken);
            // Spaces that pad the header mean nothing; all else must be noticed.
            assert!(read.is_err() || file[at / 8] == b' ', "bit {at}");
        }
        for length in 0..file.len() {
            assert!(Container::<Numbers>::decode(&file[..length]).is_err());
        }
    }

    /// Another kind of file in the same form.
    #[derive(Debug, Serialize, Deserialize)]
    struct Other {}

    impl Card for Other {
        const KIND: &'static str = "sketch";
    }

    #[test]
    fn one_kind_of_file_is_not_taken_for_another() {
        let error = Container::<Other>::decode(&sample().encode()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "it is a test, and a sketch is needed; name the run folder instead"
        );
    }

    #[test]
    fn another_format_names_the_version_that_wrote_it() {
        let text = serde_json::json!({"format": 2, "fata": "9.9.9", "checksum": "", "card": {}});
        let metadata = HashMap::from([("fata".to_string(), text.to_string())]);
        let file = serialize(Vec::<(&str, F32View)>::new(), Some(metadata)).unwrap();
        let error = Container::<Other>::decode(&file).unwrap_err().to_string();
        assert!(error.contains("use fata 9.9.9"), "{error}");
    }

    #[test]
    fn a_header_that_claims_much_allocates_nothing() {
        // The header's length, then a tensor's place: each far beyond the file.
        let mut file = u64::MAX.to_le_bytes().to_vec();
        file.extend(b"{}");
        assert!(Container::<Other>::decode(&file).is_err());
        let header = br#"{"a":{"dtype":"F32","shape":[1099511627776,1024],"data_offsets":[0,4503599627370496]}}"#;
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header);
        assert!(Container::<Other>::decode(&file).is_err());
    }

    proptest::proptest! {
        #[test]
        fn changed_bytes_are_refused_or_change_nothing(
            changes in proptest::collection::vec((proptest::prelude::any::<proptest::sample::Index>(), 0_u8..), 1..6),
            cut in proptest::option::of(proptest::prelude::any::<proptest::sample::Index>()),
        ) {
            let mut file = sample().encode();
            for (place, byte) in changes {
                let place = place.index(file.len());
                file[place] = byte;
            }
            if let Some(cut) = cut {
                file.truncate(cut.index(file.len()));
            }
            if let Ok(read) = Container::<Numbers>::decode(&file) {
                proptest::prop_assert_eq!(read.tensors, sample().tensors);
            }
        }

        /// Headers that are JSON and name tensors, whatever they say of them.
        #[test]
        fn no_header_makes_the_reader_panic(
            dtype in "F32|F64|BOOL|X",
            shape in proptest::collection::vec(proptest::prelude::any::<u64>(), 0..4),
            offsets in proptest::array::uniform2(proptest::prelude::any::<u64>()),
            text in "[ -~]{0,60}",
        ) {
            let header = serde_json::json!({
                "__metadata__": {"fata": text},
                "a": {"dtype": dtype, "shape": shape, "data_offsets": offsets},
            }).to_string();
            let mut file = (header.len() as u64).to_le_bytes().to_vec();
            file.extend(header.as_bytes());
            file.extend([0; 64]);
            proptest::prop_assert!(Container::<Numbers>::decode(&file).is_err());
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(0_u8.., 0..300)) {
            let _ = Container::<Numbers>::decode(&bytes);
        }
    }
}
