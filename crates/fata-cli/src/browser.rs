//! A page, shown in the person's browser.

use std::io::IsTerminal;
use std::process::{Command, Stdio};

/// Opens an address, if a person sits at a screen. A browser that cannot be
/// opened is no error: the address was printed.
pub(crate) fn show(url: &str) {
    let screen = match std::env::consts::OS {
        "macos" | "windows" => true,
        _ => ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())),
    };
    if !screen || !std::io::stderr().is_terminal() {
        return;
    }
    let mut command = match std::env::consts::OS {
        "macos" => Command::new("open"),
        "windows" => Command::new("explorer"),
        _ => Command::new("xdg-open"),
    };
    command
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Ok(mut opener) = command.spawn() {
        // Waited for, so that the system can forget it.
        std::thread::spawn(move || opener.wait());
    }
}
