//! Files that only their owner can read.

use std::fs::File;
use std::io::{Result, Write as _};
use std::path::Path;

/// Writes a new file.
pub(crate) fn create(path: &Path, text: &[u8]) -> Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text)
}

/// Makes the file if it is not there; what is in it stays.
pub(crate) fn keep(path: &Path) -> Result<()> {
    let file = File::options().create(true).append(true).open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(())
}
