use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

#[test]
fn parts() {
    let parsed = url("HTTPS://u:p%40ss@Mirror.example:8443/a/b?x=1#frag");
    assert_eq!((parsed.scheme(), parsed.port(), parsed.path()), ("https", 8443, "/a/b"));
    assert_eq!(parsed.user_and_password(), Some(("u".into(), "p@ss".into())));
    assert_eq!(url("http://[::1]/").bare_host(), "::1");
    assert_eq!((url("http://m").port(), url("https://m").port(), url("http://m").path()), (80, 443, "/"));
}

#[test]
fn no_text_of_an_address_holds_its_password() {
    let parsed = url("http://user:s3cret@mirror:8080/x");
    for text in [format!("{parsed}"), format!("{parsed:?}")] {
        assert_eq!(text, "http://***@mirror:8080/x");
    }
    for bad in ["ftp://u:s3cret@m/", "http://u:s3cret@", "http://u:s3c/ret@host with space/", "u:s3cret@host"] {
        let error = Url::parse(bad).expect_err(bad).to_string();
        assert!(!error.contains("s3c") && error.contains("***@"), "{error}");
    }
}

#[test]
fn a_password_with_a_character_of_addresses_is_named() {
    for (text, c) in [
        ("http://u:pa#ss@p:3128", '#'),
        ("http://u:12#34@p:3128", '#'),
        ("http://u#x:pw@p:3128/", '#'),
        ("http://u:a@b#c@p:3128", '#'),
        ("http://u:pa/ss@p:3128", '/'),
        ("http://u:pa?ss@p:3128", '?'),
    ] {
        assert_eq!(Url::read(text), Err(UrlFault::Login(c)), "{text}");
    }
    assert_eq!(UrlFault::Login('#').hint().unwrap(), "write %23 in place of `#` in the user name or password");
    for fine in ["http://m/a@b", "http://m:80/a@b", "http://[::1]/a@b", "http://u:p@m/a@b", "http://u:p%23@m/"] {
        assert!(Url::read(fine).is_ok(), "{fine}");
    }
    assert_eq!(url(r"http://DOM\u:p@m/").user_and_password(), Some((r"DOM\u".into(), "p".into())));
    assert_eq!(url("http://u:%e9@m/").basic_authorization().unwrap(), "Basic dTrp");
}

#[test]
fn what_is_no_address_is_refused() {
    for bad in [
        "",
        "mirror",
        "ftp://m/",
        "http://",
        "http:///x",
        "http://10.20.0.500/",
        "http://m:0/",
        "http://m:99999/",
        "http://m:x/",
        "http://m/a b",
        "http://m/\r\nX: y",
        "http://m\u{202e}/",
    ] {
        assert!(Url::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn redirects_are_resolved_and_credentials_stay_with_their_host() {
    let base = url("http://u:p@m:8080/a/b.json");
    let to = |location: &str| base.join(location).unwrap().to_string();
    assert_eq!(to("c.json"), "http://***@m:8080/a/c.json");
    assert_eq!(to("/c.json"), "http://***@m:8080/c.json");
    assert_eq!(to("http://m:8080/c"), "http://***@m:8080/c");
    assert_eq!(to("http://other/c"), "http://other/c");
    assert_eq!(to("http://m/c"), "http://m/c");
    assert_eq!(to("//other/c"), "http://other/c");
    assert_eq!(to("https://m:8080/c"), "https://m:8080/c");
    assert_eq!(base.join(b"file:///etc/passwd"), Err(UrlFault::Scheme));
}

#[test]
fn a_redirect_may_have_spaces_and_letters_of_any_alphabet() {
    let base = url("http://m/a/b.json");
    let to = |location: &[u8]| base.join(location).unwrap().to_string();
    assert_eq!(to("/üpdates/MU 3.json".as_bytes()), "http://m/%C3%BCpdates/MU%203.json");
    assert_eq!(to("c.json?title=MU 3é".as_bytes()), "http://m/a/c.json?title=MU%203%C3%A9");
    assert_eq!(to(b"/\xfcpdates/x"), "http://m/%FCpdates/x", "Latin-1");
    assert_eq!(to(b"http://xn--nder-zra.example/x"), "http://xn--nder-zra.example/x");
    for foreign in
        ["http://Ünder.Example/x", "//Ünder.Example/x", "HTTP:\\\\Ünder.Example", "http://%C3%BCnder.example/"]
    {
        assert_eq!(base.join(foreign.as_bytes()), Err(UrlFault::Host), "{foreign}: host names are ASCII here");
    }
    assert!(Url::parse("http://Ünder.Example/").is_err());
    assert_eq!(to(b"/a%20b"), "http://m/a%20b", "what is encoded stays so");
    assert_eq!(base.join(b"http://u:p@ho st/"), Err(UrlFault::Host));
}

#[test]
fn a_path_is_appended() {
    assert_eq!(url("http://m/x/").append("a/b.json").unwrap().to_string(), "http://m/x/a/b.json");
    assert_eq!(url("http://u:p@m").append("a").unwrap().to_string(), "http://***@m/a");
}

proptest::proptest! {
    #[test]
    fn nothing_makes_it_panic(text in "\\PC{0,60}") {
        let _ = Url::parse(&text);
        let _ = mask(&text);
        let _ = url("http://m/a/b").join(&text);
    }
}
