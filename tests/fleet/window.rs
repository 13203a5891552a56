//! Many nodes at once: nobody waits for a bad one, and nothing is left behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fuel_updates::domain::failure::FailureKind;
use fuel_updates::fleet::{FleetError, FleetEvent, FleetSettings, Target, run};

use super::common::*;
use super::odd_server::{Odd, OddServer};
use super::peers::{BlackHole, Peer};

/// The order in which targets ended.
fn order(targets: &[Target], settings: &FleetSettings) -> (Vec<usize>, Vec<Outcome>) {
    let mut order = Vec::new();
    let results = run(targets, "echo in", settings, &mut |event| {
        if let FleetEvent::Finished { index, .. } = event {
            order.push(index);
        }
    });
    (order, results.unwrap())
}

#[test]
fn bad_nodes_first_in_the_list_delay_no_good_one() {
    let addresses: Vec<_> = (1..=12).map(|n| format!("127.79.0.{n}")).collect();
    let Some(sshd) = Sshd::start(&Setup::on(&addresses.iter().map(String::as_str).collect::<Vec<_>>())) else { return };
    let hole = BlackHole::on("127.79.1.1");
    let silent = Peer::start("127.79.1.2", |_| {});
    let refusing = OddServer::start("127.79.1.3", Odd::RefusesEverything);
    let mut targets = vec![hole.target(), silent.target(), refusing.target()];
    targets.extend(addresses.iter().map(|address| target(&sshd, address)));
    let settings = FleetSettings {
        connect_timeout: Duration::from_secs(8),
        handshake_timeout: Duration::from_secs(9),
        ..settings(sshd.dir())
    };
    let began = Instant::now();
    let (order, results) = order(&targets, &settings);
    let elapsed = began.elapsed();
    assert!(results[3..].iter().all(|outcome| text(outcome) == "in\n"));
    assert_eq!(order[targets.len() - 2..], [0, 1], "the two that hang end last: {order:?}");
    assert!(elapsed >= Duration::from_secs(9) && elapsed < Duration::from_secs(10), "{elapsed:?}");
    silent.closed.recv_timeout(Duration::from_secs(5)).expect("its connection is gone");
}

/// A rack that is switched off takes no places of live nodes: with one place only, every dead address would
/// cost its whole connect timeout.
#[test]
fn dead_addresses_only_borrow_a_place() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.79.2.1"])) else { return };
    let hole = BlackHole::on("127.79.2.2");
    let mut targets: Vec<_> = (0..6).map(|_| hole.target()).collect();
    targets.push(target(&sshd, "127.79.2.1"));
    let settings = FleetSettings { fanout: 1, connect_timeout: Duration::from_secs(6), ..settings(sshd.dir()) };
    let (order, results) = order(&targets, &settings);
    assert_eq!(order[0], 6, "{order:?}");
    assert_eq!(text(&results[6]), "in\n");
    for outcome in &results[..6] {
        assert_eq!(outcome.as_ref().unwrap_err().kind, FailureKind::Unreachable);
    }
}

#[test]
fn no_more_than_the_fanout_are_served_at_once() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, peak) = (Arc::clone(&now), Arc::clone(&most));
    let peer = Peer::start("127.79.3.1", move |tcp| {
        peak.fetch_max(counted.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        while std::io::Read::read(tcp, &mut [0; 4096]).is_ok_and(|n| n > 0) {}
        counted.fetch_sub(1, Ordering::SeqCst);
    });
    let dir = tempfile::tempdir().unwrap();
    let settings = FleetSettings { fanout: 3, handshake_timeout: Duration::from_millis(300), ..settings(dir.path()) };
    let targets: Vec<_> = (0..9).map(|_| peer.target()).collect();
    assert!(ask(&targets, "true", &settings).iter().all(Result::is_err));
    // Its own count lags behind ours by the moment that a close takes to arrive.
    let most = most.load(Ordering::SeqCst);
    assert!((3..=6).contains(&most), "{most}");
}

/// A deadline ends a node's connection there and then, and not with the run: russh's session task would
/// otherwise keep it.
#[test]
fn a_deadline_closes_the_connection_while_the_run_goes_on() {
    let stuck = Peer::start("127.79.4.1", |tcp| {
        let _ = std::io::Write::write_all(tcp, b"SSH-2.0-OpenSSH_6.6.1p1\r\n");
    });
    let login = OddServer::start("127.79.4.2", Odd::HangsAtLogin);
    let keeper = OddServer::start("127.79.4.3", Odd::HangsAtSession);
    let dir = tempfile::tempdir().unwrap();
    let settings = FleetSettings {
        handshake_timeout: Duration::from_millis(1500),
        node_timeout: Duration::from_secs(60),
        ..settings(dir.path())
    };
    let targets = [stuck.target(), login.target(), keeper.target()];
    std::thread::scope(|scope| {
        let running = scope.spawn(|| run(&targets, "true", &settings, &mut |_| {}));
        let closed = stuck.closed.recv_timeout(Duration::from_secs(10));
        while login.next() != "closed" {}
        let goes_on = !running.is_finished();
        settings.cancelled.store(true, Ordering::Relaxed);
        assert!(matches!(running.join().unwrap(), Err(FleetError::Interrupted)));
        assert!(closed.is_ok() && goes_on);
    });
    while keeper.next() != "closed" {}
}

#[test]
fn cancelling_ends_the_run_and_keeps_what_was_learnt() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.79.5.1"])) else { return };
    let silent = Peer::start("127.79.5.2", |_| {});
    let settings = FleetSettings { cancelled: Arc::new(AtomicBool::new(false)), ..settings(sshd.dir()) };
    let targets = [silent.target(), target(&sshd, "127.79.5.1")];
    let mut answered_at = None;
    let result = run(&targets, "echo in", &settings, &mut |event| {
        if let FleetEvent::Finished { index, result, .. } = event {
            assert!(index == 1 && result.is_ok());
            answered_at = Some(Instant::now());
            settings.cancelled.store(true, Ordering::Relaxed);
        }
    });
    assert!(matches!(result, Err(FleetError::Interrupted)));
    assert!(answered_at.unwrap().elapsed() < Duration::from_secs(3));
    assert_eq!(std::fs::read_to_string(&settings.known_hosts).unwrap().lines().count(), 1);
    silent.closed.recv_timeout(Duration::from_secs(5)).expect("its connection is gone");
}
