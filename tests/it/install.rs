//! What a package has, and what comes with the program for a desktop.

use std::process::Command;

/// The text of a file of the project.
fn file(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files of a package, as whoever publishes it would pack them.
fn packed() -> Vec<String> {
    let listed = Command::new(env!("CARGO"))
        .args(["package", "--list", "--allow-dirty", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the tests are run by cargo");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let text = String::from_utf8(listed.stdout).expect("names of the project are UTF-8");
    text.lines().map(|line| line.replace('\\', "/")).collect()
}

#[test]
fn a_package_has_what_the_program_is_made_of_and_no_more() {
    let packed = packed();
    for path in [
        "Cargo.lock",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "assets/hicolor/128x128/apps/vidmm-inspector.png",
        "assets/hicolor/scalable/apps/vidmm-inspector.svg",
        "assets/vidmm-inspector.1",
        "assets/vidmm-inspector.desktop",
        "assets/vidmm-inspector.xml",
        "saved-sessions/README.md",
        "src/main.rs",
    ] {
        assert!(packed.iter().any(|one| one == path), "{path}");
    }
    // They are compiled into the program.
    for session in vidmm_inspector::session::catalogue() {
        let path = format!("saved-sessions/{}", session.file_name);
        assert!(packed.contains(&path), "{path}");
    }
    for path in &packed {
        let heavy = ["tests/", "benches/", "fuzz/", "assets/pictures/", "target/"];
        assert!(!heavy.iter().any(|folder| path.starts_with(folder)), "{path}");
    }
    // A registry takes 10 MiB of compressed files; this is far below, and not compressed.
    let size = |path: &String| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let bytes: u64 = packed.iter().map(size).sum();
    assert!(bytes < 8 << 20, "{bytes} bytes");
}

/// The value of a key of the desktop entry.
fn value<'a>(entry: &'a str, key: &str) -> &'a str {
    let prefix = format!("{key}=");
    let line = entry.lines().find_map(|line| line.strip_prefix(&prefix));
    line.unwrap_or_else(|| panic!("the desktop entry has {key}"))
}

#[test]
fn the_desktop_entry_starts_the_program_and_finds_its_window_icon_and_files() {
    let entry = file("assets/vidmm-inspector.desktop");
    assert_eq!(entry.lines().next(), Some("[Desktop Entry]"));
    assert_eq!(value(&entry, "Exec"), "vidmm-inspector %f");
    assert_eq!(value(&entry, "TryExec"), "vidmm-inspector");
    let class = value(&entry, "StartupWMClass");
    let window = file("src/platform/window.rs");
    assert!(window.contains(&format!(".with_app_id(\"{class}\")")), "{class}");
    // Wayland knows a window only by the name of the entry.
    assert_eq!(class, "vidmm-inspector");
    let icon = value(&entry, "Icon");
    file(&format!("assets/hicolor/scalable/apps/{icon}.svg"));
    let kind = value(&entry, "MimeType").trim_end_matches(';');
    let description = file("assets/vidmm-inspector.xml");
    assert!(description.contains(&format!("<mime-type type=\"{kind}\">")), "{kind}");
    assert!(!description.contains("<glob"), "other programs have *.ron files too");
    let about = format!("description = \"{}\"", value(&entry, "Comment"));
    assert!(file("Cargo.toml").contains(&about), "{about}");
}

/// Where the words that tell a session from another file begin, in the file type's description.
#[test]
fn every_saved_session_has_the_words_that_a_desktop_tells_it_by() {
    let description = file("assets/vidmm-inspector.xml");
    let words: Vec<&str> = description
        .split("value=\"")
        .skip(1)
        .filter_map(|rest| rest.split_once('"').map(|(word, _)| word))
        .collect();
    assert_eq!(words.len(), 3);
    for session in vidmm_inspector::session::catalogue() {
        for word in &words {
            let at = session.text.find(word);
            assert!(at.is_some_and(|at| at <= 8_192), "{}: {word} {at:?}", session.file_name);
        }
    }
}
