//! Fits a table into the width of a terminal: which columns are shown, and how wide each is.

use unicode_width::UnicodeWidthStr as _;

/// What a column of flowing text wants at least, in cells of the terminal, where its text is longer.
const FLOWING: usize = 30;
/// A longer word than this, such as a fingerprint or a path, may be broken where text flows.
const LONGEST_WORD: usize = 40;
/// What a column costs beside its text: a space on both sides and a border.
const FRAME: usize = 3;

/// A column to be fitted.
#[derive(Clone, Debug)]
pub(super) struct FitColumn {
    /// When it gives way to others: the lowest first; None if it stays.
    pub(super) gives_way: Option<usize>,
    /// Whether its text may take several lines.
    pub(super) flowing: bool,
    header: usize,
    natural: usize,
    word: usize,
    empty: bool,
}

/// The columns that are shown, and those that gave way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fit {
    /// Position and width of each shown column.
    pub(super) shown: Vec<(usize, usize)>,
    /// Positions of the columns that gave way although they hold something.
    pub(super) left_out: Vec<usize>,
}

impl FitColumn {
    pub(super) fn measure<'a>(header: &str, cells: impl Iterator<Item = &'a str>) -> Self {
        let mut column = Self {
            gives_way: None,
            flowing: false,
            header: header.width(),
            natural: header.width(),
            word: header.width(),
            empty: true,
        };
        for cell in cells {
            column.natural = column.natural.max(cell.width());
            column.word = column.word.max(cell.split_whitespace().map(|word| word.width()).max().unwrap_or(0));
            column.empty &= matches!(cell, "" | "-");
        }
        column
    }

    fn wanted(&self) -> usize {
        if self.flowing { self.whole_words().max(self.natural.min(FLOWING)) } else { self.natural }
    }

    fn whole_words(&self) -> usize {
        let longest = if self.flowing { LONGEST_WORD.max(self.header) } else { usize::MAX };
        self.word.min(longest)
    }
}

/// Fits the columns. Empty columns give way first, then the others in their order, until every column has the width that
/// it wants. If that is not enough, text takes more lines; only then are words broken, never below the width of the header.
pub(super) fn fit(columns: &[FitColumn], width: usize) -> Fit {
    let mut shown: Vec<usize> = (0..columns.len()).collect();
    let mut left_out = Vec::new();
    let total = |shown: &[usize], of: fn(&FitColumn) -> usize| {
        shown.iter().map(|&i| of(&columns[i]) + FRAME).sum::<usize>() + 1
    };
    let mut order: Vec<usize> = shown.iter().copied().filter(|&i| columns[i].gives_way.is_some()).collect();
    order.sort_by_key(|&i| (!columns[i].empty, columns[i].gives_way));
    for next in order {
        if total(&shown, FitColumn::wanted) <= width {
            break;
        }
        shown.retain(|&i| i != next);
        if !columns[next].empty {
            left_out.push(next);
        }
    }
    let mut widths: Vec<usize> = match shown.iter().map(|&i| columns[i].wanted()) {
        wanted if total(&shown, FitColumn::wanted) <= width => wanted.collect(),
        _ => shown.iter().map(|&i| columns[i].whole_words()).collect(),
    };
    let frame = shown.len() * FRAME + 1;
    // What is too wide still: the widest columns break their words.
    while widths.iter().sum::<usize>() + frame > width {
        let breakable = (0..widths.len()).filter(|&k| widths[k] > columns[shown[k]].header.max(1));
        let Some(widest) = breakable.max_by_key(|&k| widths[k]) else { break };
        widths[widest] -= 1;
    }
    // What is left over: text that flows takes fewer lines.
    let mut spare = width.saturating_sub(widths.iter().sum::<usize>() + frame);
    for flowing in [true, false] {
        for (k, &i) in shown.iter().enumerate().filter(|(_, i)| columns[**i].flowing == flowing) {
            let more = columns[i].natural.saturating_sub(widths[k]).min(spare);
            widths[k] += more;
            spare -= more;
        }
    }
    Fit { shown: shown.into_iter().zip(widths).collect(), left_out }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(header: &str, cell: &str, gives_way: Option<usize>, flowing: bool) -> FitColumn {
        FitColumn { gives_way, flowing, ..FitColumn::measure(header, [cell].into_iter()) }
    }

    const DETAIL: &str = "permission denied for the key that the node was asked with";

    fn check() -> Vec<FitColumn> {
        vec![
            column("name", "node-12", None, false),
            column("roles", "controller, mongo", Some(1), false),
            column("fqdn", "-", Some(9), false),
            column("address", "10.20.0.12", Some(0), false),
            column("state", "installed", None, false),
            column("detail", DETAIL, None, true),
        ]
    }

    #[test]
    fn a_wide_terminal_shows_all_as_it_is() {
        let fit = fit(&check(), 200);
        assert_eq!(fit.shown, [(0, 7), (1, 17), (2, 4), (3, 10), (4, 9), (5, DETAIL.len())]);
        assert_eq!(fit.left_out, [0; 0]);
    }

    #[test]
    fn columns_give_way_in_their_order_and_empty_ones_first() {
        assert_eq!(fit(&check(), 93).left_out, [0; 0], "the empty column makes enough room");
        let fit = fit(&check(), 80);
        assert_eq!((fit.shown, fit.left_out), (vec![(0, 7), (1, 17), (4, 9), (5, 34)], vec![3]));
    }

    #[test]
    fn words_are_broken_last_and_never_below_the_header() {
        for width in 20..300 {
            let fit = fit(&check(), width);
            let used = fit.shown.iter().map(|(_, width)| width + FRAME).sum::<usize>() + 1;
            let least = fit.shown.iter().map(|&(i, _)| check()[i].header + FRAME).sum::<usize>() + 1;
            assert!(used <= width.max(least), "{width}: {fit:?}");
            for (i, w) in fit.shown {
                assert!(w >= check()[i].header, "{width}");
                assert!(width < 46 || w >= check()[i].whole_words(), "{width}: column {i} has {w}");
            }
        }
    }
}
