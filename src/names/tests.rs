//! Tests of the look-up, with a name server of our own.

use std::net::UdpSocket;

use super::*;

const DEADLINE: Duration = Duration::from_secs(5);

fn names(hosts: &str, resolv_conf: &str, port: u16) -> (tempfile::TempDir, NameFiles) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("hosts"), hosts).unwrap();
    std::fs::write(dir.path().join("resolv.conf"), resolv_conf).unwrap();
    let names = NameFiles { hosts: dir.path().join("hosts"), resolv_conf: dir.path().join("resolv.conf"), port };
    (dir, names)
}

fn cause(names: &NameFiles, host: &str) -> String {
    lookup_blocking(names, host, Duration::from_secs(1)).expect_err(host).to_string()
}

#[test]
fn addresses_need_no_look_up() {
    let nowhere = NameFiles { hosts: "/nonexistent".into(), resolv_conf: "/nonexistent".into(), port: 53 };
    assert_eq!(lookup_blocking(&nowhere, "10.20.0.2", DEADLINE).unwrap(), ["10.20.0.2".parse::<IpAddr>().unwrap()]);
    assert_eq!(lookup_blocking(&nowhere, "::1", DEADLINE).unwrap(), ["::1".parse::<IpAddr>().unwrap()]);
    assert_eq!(lookup_blocking(&nowhere, "localhost", DEADLINE).unwrap().len(), 2);
}

#[test]
fn the_hosts_file_is_enough() {
    let (_dir, names) = names("::5 m\n10.0.0.1 a m.example M # x\n# 10.0.0.9 m\nbad m\n10.0.0.1 m\n", "", 53);
    let found = lookup_blocking(&names, "M.", DEADLINE).unwrap();
    assert_eq!(found, ["10.0.0.1".parse::<IpAddr>().unwrap(), "::5".parse().unwrap()]);
}

#[test]
fn without_a_name_server_it_says_so_at_once() {
    for resolv_conf in ["", "search lan\n", "# nameserver 1.2.3.4\n", "nameserver\n"] {
        let (_dir, names) = names("", resolv_conf, 53);
        let cause = cause(&names, "mirror");
        assert!(cause.contains("names no name server"), "{cause}");
    }
}

/// A name server with one name: `mirror.lan` is 10.9.8.7, everything else does not exist.
fn name_server() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut query = [0u8; 512];
        while let Ok((length, from)) = socket.recv_from(&mut query) {
            let mut end = 12;
            while query[end] != 0 {
                end += usize::from(query[end]) + 1;
            }
            let question = &query[12..end + 5];
            let known = question.starts_with(b"\x06mirror\x03lan\x00");
            let wants_v4 = question[question.len() - 4..] == [0, 1, 0, 1];
            let mut reply = query[..2].to_vec();
            reply.extend([0x81, if known { 0x80 } else { 0x83 }, 0, 1, 0, u8::from(known && wants_v4), 0, 0, 0, 0]);
            reply.extend(question);
            if known && wants_v4 {
                reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 9, 8, 7]);
            }
            assert!(length >= 17);
            socket.send_to(&reply, from).unwrap();
        }
    });
    port
}

#[test]
fn dns_is_asked_as_resolv_conf_says() {
    let (_dir, names) = names("", "nameserver 127.0.0.1\nsearch lan\noptions timeout:1 attempts:1\n", name_server());
    let wanted = ["10.9.8.7".parse::<IpAddr>().unwrap()];
    assert_eq!(lookup_blocking(&names, "mirror.lan", DEADLINE).unwrap(), wanted);
    assert_eq!(lookup_blocking(&names, "mirror", DEADLINE).unwrap(), wanted, "search list");
    assert_eq!(cause(&names, "absent.lan"), "no such name");
}

#[test]
fn a_silent_name_server_costs_the_deadline_and_no_more() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (_dir, names) = names("", "nameserver 127.0.0.1\noptions timeout:30\n", silent.local_addr().unwrap().port());
    let started = std::time::Instant::now();
    assert_eq!(cause(&names, "mirror.lan"), "no name server answered within 1 s");
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[test]
fn it_works_on_a_worker_of_another_runtime() {
    let (_dir, names) = names("", "nameserver 127.0.0.1\n", name_server());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let found = runtime.block_on(async { lookup_blocking(&names, "mirror.lan", DEADLINE) });
    assert_eq!(found.unwrap().len(), 1);
}
