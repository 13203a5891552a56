//! `man` and `completions`.

use crate::cli::{CompletionsOptions, ManOptions, manual_pages, script};
use crate::error::AppError;
use crate::exit::Exit;
use crate::files::write_atomically;
use crate::ui::Ui;

/// Prints the page of a command, or writes all pages into a folder.
pub(crate) fn man(options: &ManOptions, ui: &Ui) -> Result<Exit, AppError> {
    let pages = manual_pages().map_err(|e| AppError::from_error(Exit::Error, &e))?;
    if let Some(dir) = &options.dir {
        for page in &pages {
            write_atomically(&dir.join(&page.name), &page.roff, 0o644)?;
        }
        ui.status(&format!("{} pages in {}", pages.len(), dir.display()));
        return Ok(Exit::Ok);
    }
    let path = options.of.join(" ");
    let Some(page) = pages.iter().find(|page| page.path == path) else {
        let commands: Vec<&str> = pages.iter().map(|page| page.path.as_str()).filter(|path| !path.is_empty()).collect();
        let error = AppError::new(Exit::Usage, format!("there is no command `{path}`"));
        return Err(error.hinted(Some(format!("commands: {}", commands.join(", ")))));
    };
    ui.data(&String::from_utf8_lossy(&page.roff));
    Ok(Exit::Ok)
}

/// Prints a completion script.
pub(crate) fn completions(options: &CompletionsOptions, ui: &Ui) -> Exit {
    ui.data(&script(options.shell));
    Exit::Ok
}
