//! Names of files as paths: joined and shortened by their text alone.

/// Returns where `path` leads from `folder`, without `.` and, as far as that can be told, `..`.
pub(crate) fn join(folder: &str, path: &str) -> String {
    let path = path.replace('\\', "/");
    let is_absolute = path.starts_with('/') || folder.starts_with('/');
    let from = if path.starts_with('/') { "" } else { folder };
    let mut steps: Vec<&str> = Vec::new();
    for step in from.split('/').chain(path.split('/')) {
        match step {
            "" | "." => {}
            ".." if steps.last().is_some_and(|last| *last != "..") => drop(steps.pop()),
            // There is nothing above the root.
            ".." if is_absolute => {}
            step => steps.push(step),
        }
    }
    let joined = steps.join("/");
    if is_absolute { format!("/{joined}") } else { joined }
}

/// Returns the folder of a file, or the one above a folder: empty at the top.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Returns the name without its folders.
pub(crate) fn last(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, last)| last)
}

/// Returns the folder itself and all above it, the nearest first, down to the empty one at the top.
pub(crate) fn upwards(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| (!folder.is_empty()).then(|| folder_of(folder)))
}

/// Returns the lowest folder that holds both.
pub(crate) fn common<'p>(one: &'p str, other: &str) -> &'p str {
    upwards(one).find(|folder| is_below(other, folder)).unwrap_or_default()
}

/// Returns whether `path` is `folder` or stands below it.
pub(crate) fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined() {
        let joined = |folder, path| join(folder, path);
        assert_eq!(joined("/a/b", "../c/./d.yaml"), "/a/c/d.yaml");
        assert_eq!(joined("a", "../../b"), "../b");
        assert_eq!(joined("/a", "../../b"), "/b");
        assert_eq!(joined("", "./a//b/"), "a/b");
        assert_eq!(joined("/a", "/b"), "/b");
    }

    #[test]
    fn folders_hold_what_is_below_them() {
        assert_eq!(common("a/b/c", "a/bc"), "a");
        assert_eq!(common("/a/b", "/a/b/c"), "/a/b");
        assert_eq!(common("a", "b"), "");
        assert!(is_below("a/b", "a") && is_below("a", "a") && !is_below("ab", "a"));
        assert_eq!(upwards("a/b").collect::<Vec<_>>(), ["a/b", "a", ""]);
    }
}
