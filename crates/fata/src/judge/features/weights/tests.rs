//! What PyTorch and safetensors wrote (see `fixtures/features/make.py`) is read;
//! what they would not write is named.

use super::{WeightsError, WeightsFile};
use proptest::prelude::*;

const ZIPPED: &[u8] = include_bytes!("../../../../fixtures/features/small.pth");
const UNZIPPED: &[u8] = include_bytes!("../../../../fixtures/features/small-legacy.pth");
const SAFETENSORS: &[u8] = include_bytes!("../../../../fixtures/features/small.safetensors");
const HARM: &[u8] = include_bytes!("../../../../fixtures/features/harm.pth");
const HALF: &[u8] = include_bytes!("../../../../fixtures/features/half.pth");
const NAN: &[u8] = include_bytes!("../../../../fixtures/features/nan.pth");
const CHECKPOINT: &[u8] = include_bytes!("../../../../fixtures/features/checkpoint.pth");

fn open(bytes: &[u8]) -> Result<WeightsFile, WeightsError> {
    WeightsFile::from_bytes(bytes.to_vec())
}

fn refusal(bytes: &[u8]) -> String {
    open(bytes).expect_err("the file is bad").to_string()
}

#[test]
fn every_form_gives_the_same_numbers() {
    let eighths = |numbers: &[u8]| {
        numbers
            .iter()
            .map(|&n| f32::from(n) / 8.0)
            .collect::<Vec<_>>()
    };
    for form in [ZIPPED, UNZIPPED, SAFETENSORS] {
        let file = open(form).unwrap();
        assert_eq!(
            file.tensor("weight", &[2, 3]).unwrap(),
            eighths(&[0, 1, 2, 3, 4, 5])
        );
        assert_eq!(file.tensor("bias", &[2]).unwrap(), eighths(&[6, 7]));
        let transposed = eighths(&[8, 11, 14, 17, 9, 12, 15, 18, 10, 13, 16, 19]);
        assert_eq!(file.tensor("transposed", &[3, 4]).unwrap(), transposed);
        assert_eq!(file.tensor("parameter", &[2]).unwrap(), [0.5, -0.25]);
        assert_eq!(file.tensor("empty", &[0, 3]).unwrap(), [0.0; 0]);
        assert_eq!(file.entries.len(), 6);
    }
}

#[test]
fn a_tensor_that_does_not_fit_is_named() {
    let file = open(ZIPPED).unwrap();
    let message = |name, shape: &[usize]| file.tensor(name, shape).unwrap_err().to_string();
    assert!(message("fc.weight", &[3]).contains("no tensor `fc.weight`"));
    assert!(message("weight", &[3, 2]).contains("the shape [2, 3] and not [3, 2]"));
    assert!(message("count", &[]).contains("64-bit integers"));
    let half = open(HALF).unwrap().tensor("weight", &[2, 3]).unwrap_err();
    assert!(half.to_string().contains("16-bit floats"), "{half}");
    let nan = open(NAN).unwrap().tensor("weight", &[2]).unwrap_err();
    assert!(nan.to_string().contains("`weight` holds NaN"), "{nan}");
}

#[test]
fn a_pickle_that_would_run_a_command_is_refused_by_name() {
    let message = refusal(HARM);
    assert!(
        message.contains(".system`") && message.contains("Nothing was run"),
        "{message}"
    );
}

#[test]
fn an_instruction_that_no_list_needs_is_refused_by_number() {
    // INST, OBJ and NEWOBJ make objects of classes.
    for opcode in [b'i', b'o', 0x81] {
        let message = refusal(&[0x80, 2, b'(', opcode, b'.']);
        assert!(
            message.contains(&format!("0x{opcode:02x} at byte 3")),
            "{message}"
        );
    }
}

#[test]
fn what_is_no_list_of_tensors_is_said_to_be_none() {
    assert!(refusal(CHECKPOINT).contains("its `epoch` is no tensor"));
    assert!(refusal(b"\x80\x02K\x05.").contains("not one of PyTorch's files"));
    assert!(
        refusal(b"version https://git-lfs.github.com/spec/v1\n")
            .contains("begins with \"version https")
    );
    assert!(refusal(b"").contains("neither"));
    let nested = [&[0x80, 2][..], &[b']'; 1], &[0x85; 100], b"."].concat();
    assert!(refusal(&nested).contains("nested too deeply"));
    assert!(
        refusal(&[&[0x80, 2][..], &[b')'; 300_000]].concat()).contains("too many instructions")
    );
    // A text that claims four gigabytes.
    assert!(refusal(b"\x80\x02X\xff\xff\xff\xff.").contains("ends too early"));
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_damaged() {
    for form in [ZIPPED, UNZIPPED, SAFETENSORS] {
        for length in 0..form.len() {
            assert!(
                open(&form[..length]).is_err(),
                "{length} bytes of {}",
                form.len()
            );
        }
    }
}

#[test]
fn a_zip_whose_numbers_were_changed_is_damaged() {
    let mut file = ZIPPED.to_vec();
    let place = file
        .windows(4)
        .position(|bytes| bytes == 0.375_f32.to_le_bytes())
        .unwrap();
    file[place] ^= 1;
    assert!(refusal(&file).contains("damaged"));
}

/// Every tensor that a file lists can be asked for, whatever the list says.
fn read_all(bytes: Vec<u8>) {
    let size = bytes.len();
    if let Ok(file) = WeightsFile::from_bytes(bytes) {
        for (name, entry) in &file.entries {
            if let Ok(numbers) = file.tensor(name, &entry.shape) {
                assert!(numbers.len() <= size / 4, "{name} is larger than the file");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(0_u8.., 0..300)) {
        read_all([&[0x80, 2][..], &bytes].concat());
        read_all(bytes);
    }

    #[test]
    fn no_change_of_a_file_makes_the_reader_panic(
        form in 0..3_usize,
        changes in proptest::collection::vec((0_usize..4096, 0_u8..), 1..6),
    ) {
        let mut bytes = [ZIPPED, UNZIPPED, SAFETENSORS][form].to_vec();
        for (place, byte) in changes {
            let place = place % bytes.len();
            bytes[place] = byte;
        }
        read_all(bytes);
    }
}
