//! Whether an update may be announced after another one.

use super::mu::Mu;
use super::repository::{SuiteReport, newest_package, published};

/// What speaks against announcing `new` after `previous`, with these packages. Safe to show.
pub fn objections(new: &Mu, previous: Option<&Mu>, suites: &[SuiteReport]) -> Vec<String> {
    let mut objections = Vec::new();
    if let Some(published) = published(suites)
        && published < new.timestamp
    {
        objections.push(format!(
            "the timestamp {} is later than the package repositories ({published}): every copy of them would count as stale",
            new.timestamp
        ));
    }
    let Some(previous) = previous else { return objections };
    let title = &previous.title;
    if new.id < previous.id {
        objections
            .push(format!("id {} is lower than that of {title}, which is published (id {})", new.id, previous.id));
    }
    if new.timestamp < previous.timestamp || new.timestamp == previous.timestamp && new.id != previous.id {
        objections.push(format!(
            "the timestamp {} is not later than that of {title} ({})",
            new.timestamp, previous.timestamp
        ));
    }
    if let Some(newest) = newest_package(suites)
        && new.id != previous.id
        && newest < previous.timestamp
    {
        objections.push(format!(
            "the newest package was built before {title} was published ({newest}, {}): are the new packages there?",
            previous.timestamp
        ));
    }
    objections
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mu(id: u64, timestamp: i64) -> Mu {
        Mu { id, title: format!("mu-{id}"), timestamp, doc_link: None }
    }

    /// How many objections there are to `new` after update 2 of the time 100.
    fn against(new: &Mu, date: i64, newest: i64) -> usize {
        let suite = SuiteReport { date: Some(date), newest: Some(newest), ..SuiteReport::default() };
        objections(new, Some(&mu(2, 100)), &[suite]).len()
    }

    #[test]
    fn an_announcement_goes_forward_only() {
        assert_eq!(against(&mu(3, 200), 200, 150), 0);
        assert_eq!(against(&mu(2, 100), 200, 50), 0, "the same once more");
        assert_eq!(against(&mu(2, 150), 200, 50), 0, "published again");
        assert_eq!(against(&mu(1, 200), 200, 150), 1, "a lower id");
        assert_eq!(against(&mu(3, 100), 200, 150), 1, "the same time");
        assert_eq!(against(&mu(3, 99), 200, 150), 1, "an earlier time");
        assert_eq!(against(&mu(1, 99), 200, 150), 2);
        assert_eq!(against(&mu(3, 200), 200, 99), 1, "old packages");
        assert_eq!(against(&mu(3, 201), 200, 150), 1, "later than its packages");
        assert_eq!(objections(&mu(1, 5), None, &[]), Vec::<String>::new());
    }
}
