//! Whatever a checkpoint or a model holds, it is read or refused.
#![no_main]

use fata::DeviceName;
use fata::Generator;
use fata::train::checkpoint_images_seen;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let device = DeviceName::Cpu.open().expect("the processor is always there");
    let _ = checkpoint_images_seen(bytes);
    let _ = Generator::from_bytes(bytes, &device);
});
