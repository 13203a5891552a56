//! What a bar is made of: characters that the terminal has.

/// The characters of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) struct Glyphs {
    /// What is done.
    pub(super) full: char,
    /// What is left.
    pub(super) empty: char,
}

impl Glyphs {
    /// For a terminal of any character set.
    pub(super) const ASCII: Self = Self { full: '#', empty: '-' };
    /// For a terminal that shows UTF-8.
    pub(super) const UTF8: Self = Self { full: '█', empty: '░' };

    /// Those that the locale allows. The first of `LC_ALL`, `LC_CTYPE` and `LANG` that is not empty decides; without any the
    /// locale is `C`, which is ASCII.
    pub(in crate::ui) fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| variable(name).filter(|v| !v.is_empty()));
        let locale = locale.unwrap_or_default().to_ascii_lowercase();
        if locale.contains("utf-8") || locale.contains("utf8") { Self::UTF8 } else { Self::ASCII }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_not_empty_decides() {
        let of = |all: &str, ctype: &str, lang: &str| {
            Glyphs::of_locale(|name| {
                let value = match name {
                    "LC_ALL" => all,
                    "LC_CTYPE" => ctype,
                    _ => lang,
                };
                Some(value.to_owned())
            })
        };
        assert_eq!(of("", "", "en_US.UTF-8"), Glyphs::UTF8);
        assert_eq!(of("", "de_DE.utf8", "C"), Glyphs::UTF8);
        assert_eq!(of("C", "", "en_US.UTF-8"), Glyphs::ASCII);
        assert_eq!(of("", "POSIX", "en_US.UTF-8"), Glyphs::ASCII);
        assert_eq!(of("", "", ""), Glyphs::ASCII);
        assert_eq!(Glyphs::of_locale(|_| None), Glyphs::ASCII);
    }
}
