//! Reading a password: from standard input, or from the terminal without showing it.

use anyhow::{Context, bail};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, IsTerminal, Write};

/// Longer than any password, shorter than a file given by mistake.
const LONGEST: u64 = 4096;

/// The first line of standard input.
pub(super) fn from_stdin() -> anyhow::Result<String> {
    first_line(io::stdin().lock()).context("standard input")
}

fn first_line(input: impl BufRead) -> anyhow::Result<String> {
    let mut line = String::new();
    input.take(LONGEST).read_line(&mut line)?;
    let line = line.trim_end_matches(['\n', '\r']);
    if line.is_empty() {
        bail!("there is no password in it");
    }
    Ok(line.to_owned())
}

/// Whether somebody is there to be asked.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal()
}

/// Asks at the terminal; what is typed is not shown.
pub(super) fn ask(question: &str) -> anyhow::Result<String> {
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").context("/dev/tty")?;
    write!(terminal, "{question}: ")?;
    terminal.flush()?;
    let hidden = Hidden::new(&terminal)?;
    let line = first_line(BufReader::new(&terminal));
    drop(hidden);
    writeln!(terminal)?;
    line
}

/// The terminal shows nothing of what is typed until this is dropped.
struct Hidden<'t> {
    terminal: &'t File,
    before: Termios,
}

impl<'t> Hidden<'t> {
    fn new(terminal: &'t File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        // Nothing more can be done for a terminal that is gone.
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::first_line;

    #[test]
    fn the_first_line_without_its_end_but_with_its_spaces() {
        assert_eq!(first_line(&b" a b \r\nmore"[..]).expect("line"), " a b ");
        assert_eq!(first_line(&b"x"[..]).expect("line"), "x");
        assert!(first_line(&b""[..]).is_err() && first_line(&b"\n"[..]).is_err());
    }
}
