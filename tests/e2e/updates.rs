//! Installations that go well.

use std::sync::atomic::{AtomicBool, Ordering};

use super::inside::real;
use super::node::Node;
use super::packages;
use super::site::Site;

/// When a node's services were restarted the first and the last time since `since`, mcollective aside: it is the first
/// on every node.
fn restarted(node: &Node, since: f64) -> (f64, f64) {
    let times =
        node.asked().into_iter().filter(|a| a.at > since && a.action == "restart" && a.service != "mcollective");
    times.fold((f64::MAX, f64::MIN), |(first, last), asked| (first.min(asked.at), last.max(asked.at)))
}

fn now() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock").as_secs_f64()
}

/// Which state and update the program may show of a node at this moment, by the node's own files.
fn truth(node: &Node) -> (&'static str, Option<u64>) {
    match (node.phase().as_deref(), node.mu()) {
        (Some("done") | None, Some(id)) => ("installed", Some(id)),
        (Some("done") | None, None) => ("none", None),
        (Some(_), id) => ("unfinished", id),
    }
}

/// Asks `check` again and again until `over`; every row must be what the node was just before or just after.
fn watch_every_word(site: &Site, over: &AtomicBool) -> usize {
    let mut asked = 0;
    while !over.load(Ordering::SeqCst) {
        let command = ["installed", "available"][asked % 2];
        let before: Vec<_> = site.nodes.iter().map(truth).collect();
        let document = site.program.run(&format!("-e 1 -q check {command} -f json")).json();
        let after: Vec<_> = site.nodes.iter().map(truth).collect();
        for (index, row) in document["nodes"].as_array().expect("nodes").iter().enumerate() {
            let state = match row["state"].as_str().expect("a state") {
                "updating" | "incomplete" => "unfinished",
                "installed" => "installed",
                "none" => "none",
                other => panic!("check {command} says {other} of {row}"),
            };
            let said = (state, row["mu"]["id"].as_u64());
            // A state may be passed through between the two looks, but never jumped out of order.
            let passing = before[index] != after[index];
            assert!(
                said == before[index] || said == after[index] || (passing && state == "unfinished"),
                "check {command} says {said:?} of {}: it was {:?}, then {:?}",
                row["name"],
                before[index],
                after[index]
            );
        }
        asked += 1;
    }
    asked
}

real! {
    fn two_updates_one_after_the_other_and_a_node_that_comes_later(tools) {
        let mut site = Site::start(tools);
        site.release(1);
        let check = site.program.run("-e 1 -q check available -f value -c state -c verdict");
        assert_eq!((check.code, check.stdout.as_str()), (Some(5), "none update-available\n".repeat(8).as_str()));

        // The first: asked about all the time while it runs.
        let over = AtomicBool::new(false);
        let asked = std::thread::scope(|scope| {
            let watcher = scope.spawn(|| watch_every_word(&site, &over));
            let ran = site.install("");
            over.store(true, Ordering::SeqCst);
            assert_eq!(ran.code, Some(0), "{}\n{}", ran.picture(), site.logs());
            // Every package of the release has another version now, and nothing else is different.
            assert!(ran.stdout.contains("\nchanged since before: 10 packages on node-[1-8]\n"), "{}", ran.picture());
            watcher.join().expect("every word was true")
        });
        assert!(asked >= 5, "{asked}");
        site.assert_complete(1);
        // One compute goes first and alone; then those of a batch at the same time.
        let mut computes: Vec<_> = [4, 5, 6].map(|id| restarted(site.node(id), 0.0)).to_vec();
        computes.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(computes[0].1 < computes[1].0, "the canary goes alone: {computes:?}");
        assert_eq!(site.lab.nailgun().most_at_once("mu_update_computes"), 4, "two work, and two pass by");
        for node in &site.nodes {
            for service in node.services() {
                // What carries guests is never restarted by an update, everything else exactly once.
                let times = if service == "libvirt-bin" { 0 } else { 1 };
                assert_eq!(node.restarts(service), times, "node-{} {service}: {:?}", node.kind.id, node.asked());
            }
        }

        // Of the second only a library that some services load, by dpkg's own book.
        let mut library = packages::offered(1);
        library.iter_mut().filter(|(name, _)| name == "python-nova").for_each(|(_, version)| *version = packages::version(2));
        site.offer(&library);
        site.announce(2);
        let document = site.program.run("-e 1 -q install --precheck -f json").json();
        let restarts = |id: usize| document["nodes"][id - 1]["services"].clone();
        assert_eq!(restarts(1), serde_json::json!(["nova-api"]), "{document}");
        assert_eq!(restarts(4), serde_json::json!(["nova-compute"]), "{document}");
        assert_eq!(restarts(8), serde_json::json!([]), "{document}");

        // The second, in the planned order.
        let began = now();
        site.release(2);
        site.install_well("--batch 1");
        site.assert_complete(2);
        let at: Vec<_> = site.nodes.iter().filter(|n| n.kind.roles != ["base-os"]).map(|n| restarted(n, began)).collect();
        let (controllers, computes) = at.split_at(3);
        let mut in_turn = controllers.to_vec();
        in_turn.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(in_turn.windows(2).all(|pair| pair[0].1 < pair[1].0), "controllers one by one: {in_turn:?}");
        assert!(computes.iter().all(|c| c.0 > in_turn[2].1), "computes after the controllers: {at:?}");
        // node-7 is of the block storage too, which goes before computes.
        let mut of_computes = computes[..3].to_vec();
        of_computes.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(computes[3].1 < of_computes[0].0, "cinder before computes: {computes:?}");
        assert!(of_computes.windows(2).all(|pair| pair[0].1 < pair[1].0), "computes one at a time: {of_computes:?}");
        assert_eq!(site.lab.nailgun().most_at_once("mu_update_controllers"), 1);

        // A third has nothing to do and touches nothing.
        let before: Vec<_> = site.nodes.iter().map(Node::everything).collect();
        let again = site.install("-q");
        assert_eq!((again.code, again.stdout.as_str()), (Some(0), "nothing to do: every node runs 9.0-mu-2\n"));
        assert!(before == site.nodes.iter().map(Node::everything).collect::<Vec<_>>(), "something was touched");

        // A node that comes later, with the packages of the release, is brought up alone.
        site.reinstall(5);
        site.program.run("-e 1 inventory forget-host-key node-5");
        assert_eq!(site.mus()[4], None);
        let before = site.systems();
        site.install_well("");
        site.assert_complete(2);
        let after = site.systems();
        let changed: Vec<_> = (1..).zip(before.iter().zip(&after)).filter(|(_, (b, a))| b != a).map(|(id, _)| id).collect();
        assert_eq!(changed, [5]);
    }
}
