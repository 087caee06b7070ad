//! Tells the crate which commit it is built from (`SEIKAN_COMMIT`, 7 digits; "unknown" outside of a checkout), and
//! its tests whether users' own job files are there (`SEIKAN_CORPUS`).

use std::path::Path;

fn main() {
    let commit = commit(Path::new(".git")).unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=SEIKAN_COMMIT={}", &commit[..commit.len().min(7)]);
    // The test over users' own job files runs where they are, and is listed as ignored elsewhere.
    println!("cargo::rustc-check-cfg=cfg(seikan_corpus)");
    println!("cargo::rerun-if-env-changed=SEIKAN_CORPUS");
    if std::env::var_os("SEIKAN_CORPUS").is_some() {
        println!("cargo::rustc-cfg=seikan_corpus");
    }
    // The log of HEAD grows with each commit. A path that is missing would make every build run this again.
    for watched in [".git/HEAD", ".git/logs/HEAD"] {
        if Path::new(watched).exists() {
            println!("cargo::rerun-if-changed={watched}");
        }
    }
    println!("cargo::rerun-if-changed=build.rs");
}

/// The commit that HEAD names; a linked work tree's `.git` is a file that points to its folder.
fn commit(git: &Path) -> Option<String> {
    let folder = match std::fs::read_to_string(git) {
        Ok(link) => Path::new(link.trim().strip_prefix("gitdir: ")?).to_path_buf(),
        Err(_) => git.to_path_buf(),
    };
    let head = std::fs::read_to_string(folder.join("HEAD")).ok()?;
    let Some(reference) = head.trim().strip_prefix("ref: ") else {
        return Some(head.trim().to_owned());
    };
    let shared = std::fs::read_to_string(folder.join("commondir"))
        .map_or_else(|_| folder.clone(), |common| folder.join(common.trim()));
    if let Ok(loose) = std::fs::read_to_string(shared.join(reference)) {
        return Some(loose.trim().to_owned());
    }
    let packed = std::fs::read_to_string(shared.join("packed-refs")).ok()?;
    packed.lines().find_map(|line| Some(line.strip_suffix(reference)?.trim().to_owned()))
}
