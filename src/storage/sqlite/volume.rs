//! Whether the state folder outlives the container that the program runs in.
//!
//! A container's own file system is deleted with the container. A volume without a name is lost as well, because the next container gets
//! another one. Linux says in `/proc/self/mountinfo` what a folder is on (`proc_pid_mountinfo(5)`). Elsewhere nothing is known.

use std::fs::File;
use std::io::Read;

use camino::Utf8Path;

/// The most bytes of the list of mounts.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// The warning for the operator if the state folder `dir` does not outlive the container, and the fix; `None` if no reason is known.
pub(super) fn durability_warning(dir: &Utf8Path) -> Option<String> {
    let mut mounts = Vec::new();
    File::open("/proc/self/mountinfo")
        .and_then(|file| file.take(MOST_BYTES).read_to_end(&mut mounts))
        .ok()?;
    // the folder may not exist yet
    let real = dir.ancestors().find_map(|folder| folder.canonicalize_utf8().ok())?;
    let why = short_lived(&String::from_utf8_lossy(&mounts), &real)?;
    Some(format!(
        "The ledger folder {dir} {why}. Then all ids that files do not contain are forgotten, and renamed posts appear new to readers. In a \
         container, mount a named volume there: --volume feedmill-state:{dir}"
    ))
}

/// Why the folder `dir` does not outlive the container, according to the list of mounts.
fn short_lived(mounts: &str, dir: &Utf8Path) -> Option<&'static str> {
    let mount = mounts
        .lines()
        .filter_map(Mount::parse)
        .filter(|mount| dir.starts_with(&mount.at))
        // if several are mounted on one folder, the last one is visible
        .max_by_key(|mount| mount.at.len())?;
    match mount.kind {
        "overlay" | "aufs" | "fuse-overlayfs" | "fuse.fuse-overlayfs" => {
            Some("is in the container's own file system, which is deleted with the container")
        }
        "tmpfs" | "ramfs" => Some("is in memory, which is lost when the container or the machine stops"),
        _ if mount.root.contains("/kubernetes.io~empty-dir/") => Some("is on an emptyDir volume, which is deleted with the pod"),
        _ if is_unnamed(mount.root) => Some("is on a volume without a name, which the next container does not get"),
        _ => None,
    }
}

/// One line of the list of mounts.
struct Mount<'a> {
    /// The folder of its file system that is mounted.
    root: &'a str,
    /// Where it is mounted.
    at: String,
    /// The kind of file system.
    kind: &'a str,
}

impl Mount<'_> {
    /// Parses `36 35 98:0 /root /mounted/at rw,noatime master:1 - ext4 /dev/sda1 rw`.
    fn parse(line: &str) -> Option<Mount<'_>> {
        let (before, after) = line.split_once(" - ")?;
        let mut fields = before.split(' ');
        let (root, at) = (fields.nth(3)?, fields.next()?);
        Some(Mount {
            root,
            at: unescaped(at),
            kind: after.split(' ').next()?,
        })
    }
}

/// `text` without the octal escapes that stand for space, tab, newline and backslash.
fn unescaped(text: &str) -> String {
    let escapes = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    escapes
        .iter()
        .fold(text.to_owned(), |text, (escape, c)| text.replace(escape, c))
}

/// Whether `root` is a volume that Docker or Podman made without being given a name for it: it has 64 hexadecimal digits instead.
fn is_unnamed(root: &str) -> bool {
    let mut parts = root.rsplit('/');
    let (data, name, volumes) = (parts.next(), parts.next(), parts.next());
    let is_hash = |name: &str| name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    data == Some("_data") && volumes == Some("volumes") && name.is_some_and(is_hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_of_a_folder_decides_whether_it_is_durable() {
        let hash = "3f".repeat(32);
        let mounts = |state: &str| {
            format!(
                "1 0 0:50 / / rw,relatime master:1 - overlay overlay rw,lowerdir=/a:/b\n\
                 2 1 0:51 / /proc rw - proc proc rw\nnonsense\n\n\
                 3 1 0:52 / /dev rw - tmpfs tmpfs rw\n{state}\n"
            )
        };
        let on = |root: &str, kind: &str| mounts(&format!("4 1 8:1 {root} /state rw - {kind} /dev/sda1 rw"));
        let cases = [
            ("no volume", mounts(""), "/state", Some("container's own")),
            (
                "another folder is a volume",
                on("/srv", "ext4"),
                "/statement",
                Some("container's own"),
            ),
            (
                "unnamed",
                on(&format!("/var/lib/docker/volumes/{hash}/_data"), "ext4"),
                "/state",
                Some("without a name"),
            ),
            (
                "below it",
                on(&format!("/volumes/{hash}/_data"), "xfs"),
                "/state/a/b",
                Some("without a name"),
            ),
            (
                "podman",
                on(
                    &format!("/home/a/.local/share/containers/storage/volumes/{hash}/_data"),
                    "btrfs",
                ),
                "/state",
                Some("without a name"),
            ),
            (
                "named",
                on("/var/lib/docker/volumes/feedmill-state/_data", "ext4"),
                "/state",
                None,
            ),
            ("bound folder", on("/srv/feedmill", "ext4"), "/state", None),
            (
                "bound folder with such a name",
                on(&format!("/srv/{hash}"), "ext4"),
                "/state",
                None,
            ),
            ("memory", on("/", "tmpfs"), "/state", Some("in memory")),
            (
                "pod",
                on("/var/lib/kubelet/pods/x/volumes/kubernetes.io~empty-dir/s", "ext4"),
                "/state",
                Some("emptyDir"),
            ),
            (
                "claim",
                on("/var/lib/kubelet/pods/x/volumes/kubernetes.io~csi/s/mount", "ext4"),
                "/state",
                None,
            ),
            (
                "space",
                mounts("4 1 8:1 /a /my\\040state rw - ext4 /dev/sda1 rw"),
                "/my state",
                None,
            ),
            (
                "over each other",
                on("/a", "tmpfs") + "5 4 8:1 /a /state rw - ext4 /dev/sda1 rw\n",
                "/state",
                None,
            ),
            ("nothing known", String::new(), "/state", None),
        ];
        for (name, mounts, dir, expected) in cases {
            let found = short_lived(&mounts, dir.into());
            assert_eq!(found.is_some(), expected.is_some(), "{name}: {found:?}");
            assert!(
                found.unwrap_or_default().contains(expected.unwrap_or_default()),
                "{name}: {found:?}"
            );
        }
    }

    #[test]
    fn a_volume_is_unnamed_if_it_has_64_hexadecimal_digits_for_a_name() {
        let hash = "3f".repeat(32);
        let cases = [
            (format!("/var/lib/docker/volumes/{hash}/_data"), true),
            (format!("/srv/{hash}/_data"), false),
            (format!("/volumes/{hash}/data"), false),
            (format!("/volumes/{hash}"), false),
            (format!("/volumes/{}/_data", &hash[1..]), false),
            (format!("/volumes/{}/_data", "z".repeat(64)), false),
            ("/volumes/feedmill-state/_data".to_owned(), false),
            (String::new(), false),
        ];
        for (root, expected) in cases {
            assert_eq!(is_unnamed(&root), expected, "{root}");
        }
    }
}
