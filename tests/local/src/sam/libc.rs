//! Whether an executable that was linked on this machine starts in Lambda's container image.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

/// The C library of Amazon Linux 2023, which the runtime `provided.al2023` is made from.
const AMAZON_LINUX: (u32, u32) = (2, 34);

/// What would keep this executable from starting there, if `readelf` can tell. Linkers that Rust uses on
/// Linux come with `readelf`.
pub(super) async fn too_new(executable: &Path) -> Option<String> {
    let read = Command::new("readelf")
        .args(["--wide", "--version-info"])
        .arg(executable)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let read = read.await.ok()?;
    let (major, minor) = needed(&String::from_utf8_lossy(&read.stdout))?;
    let (most_major, most_minor) = AMAZON_LINUX;
    ((major, minor) > AMAZON_LINUX).then(|| {
        format!(
            "the functions need version {major}.{minor} of the C library, because this machine has it, \
             and the container has {most_major}.{most_minor}; build them with `sam build` and give the \
             folder with --built, as docs/local.md shows"
        )
    })
}

/// The highest version of glibc that is needed. What is needed weakly may be missing.
fn needed(version_info: &str) -> Option<(u32, u32)> {
    let lines = version_info.lines().filter(|line| !line.contains("WEAK"));
    let names =
        lines.filter_map(|line| line.split("Name: GLIBC_").nth(1)?.split_whitespace().next());
    let versions = names.filter_map(|name| {
        let mut parts = name.split('.').map(str::parse);
        Some((parts.next()?.ok()?, parts.next()?.ok()?))
    });
    versions.max()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: &str = "\
Version needs section '.gnu.version_r' contains 2 entries:
  000000: Version: 1  File: libgcc_s.so.1  Cnt: 1
  0x0010:   Name: GCC_3.0  Flags: none  Version: 9
  0x0020: Version: 1  File: libc.so.6  Cnt: 3
  0x0030:   Name: GLIBC_2.9  Flags: none  Version: 8
  0x0040:   Name: GLIBC_2.2.5  Flags: none  Version: 4
  0x0050:   Name: GLIBC_2.39  Flags: WEAK  Version: 6
  0x0060:   Name: GLIBC_2.34  Flags: none  Version: 3
";

    #[test]
    fn the_highest_version_counts_unless_it_is_weak() {
        assert_eq!(needed(INFO), Some((2, 34)));
        let newer = INFO.replace("Flags: WEAK", "Flags: none");
        assert_eq!(needed(&newer), Some((2, 39)));
        assert_eq!(needed("There are no versions in this file."), None);
    }
}
