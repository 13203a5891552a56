//! Paragraphs of fields, as `Release` and `Packages` consist of them.

/// A field and the lines that go on with it.
pub(super) struct Field<'a> {
    name: &'a str,
    /// What stands behind the colon.
    pub(super) value: &'a str,
    /// The lines that begin with a space.
    pub(super) more: Vec<&'a str>,
}

impl Field<'_> {
    /// Names of fields have no case.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// The fields of each paragraph; lines that are no fields are dropped.
pub(super) fn paragraphs(text: &str) -> impl Iterator<Item = Vec<Field<'_>>> {
    let mut lines = text.lines();
    std::iter::from_fn(move || {
        let mut fields: Vec<Field<'_>> = Vec::new();
        for line in lines.by_ref() {
            if line.trim().is_empty() {
                if fields.is_empty() {
                    continue;
                }
                return Some(fields);
            }
            if line.starts_with([' ', '\t']) {
                if let Some(field) = fields.last_mut() {
                    field.more.push(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                fields.push(Field { name, value: value.trim(), more: Vec::new() });
            }
        }
        (!fields.is_empty()).then_some(fields)
    })
}

/// The value of a field.
pub(super) fn value<'a>(fields: &[Field<'a>], name: &str) -> Option<&'a str> {
    fields.iter().find(|field| field.is(name)).map(|field| field.value)
}
