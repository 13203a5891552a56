use super::*;

fn variables(pairs: &[(&str, &str)]) -> PartialCredentials {
    PartialCredentials::from_variables(|name| {
        pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn a_file_of_each_generation() {
    let old = PartialCredentials::from_client_file(
        "SERVER_ADDRESS: \"10.20.0.2\"\nSERVER_PORT: \"8000\"\nKEYSTONE_USER: \"admin\"\nKEYSTONE_PASS: \"s3cret\"\nKEYSTONE_PORT: \"5000\"\n",
    );
    let new = PartialCredentials::from_client_file(
        "# x\nSERVER_ADDRESS: 10.20.0.2\nSERVER_PORT: 8000\nOS_USERNAME: admin\nOS_PASSWORD: s3cret\n\
         OS_TENANT_NAME: admin\nOS_AUTH_URL: http://elsewhere:5000/\nHTTP_PROXY: null\nHTTP_TIMEOUT: 10\nOTHER: [a, {b: c}]\n",
    );
    for file in [old, new] {
        let found = file.unwrap().complete().unwrap();
        assert_eq!(found.url.to_string(), "http://10.20.0.2:8000/");
        assert_eq!(
            (found.username.as_str(), found.password.expose(), found.tenant.as_str()),
            ("admin", "s3cret", "admin")
        );
    }
}

#[test]
fn a_value_without_quotes_is_taken_as_it_is_written() {
    for text in ["0123", "1e5", "0x10", "1.50", "yes", "true", "12345678901234567890123", "a b", "- x"] {
        let file = format!("OS_PASSWORD: {}\n", if text == "- x" { "\"- x\"" } else { text });
        let found = PartialCredentials::from_client_file(&file).unwrap();
        assert_eq!(found.password.as_ref().map(Secret::expose), Some(text));
    }
    for nothing in ["null", "~", "", "''"] {
        let found = PartialCredentials::from_client_file(&format!("OS_PASSWORD: {nothing}\n")).unwrap();
        assert_eq!(found.password, None, "{nothing}");
    }
}

#[test]
fn the_last_of_a_repeated_key_counts() {
    let text = "HTTP_TIMEOUT: 10\nOS_USERNAME: old\nHTTP_TIMEOUT: 20\nOS_USERNAME: admin\n";
    assert_eq!(PartialCredentials::from_client_file(text).unwrap().username.as_deref(), Some("admin"));
    let text = "FUEL_ACCESS: {user: old}\nX: 1\nX: 2\nFUEL_ACCESS: {user: admin}\n";
    assert_eq!(PartialCredentials::from_master_file(text).unwrap().username.as_deref(), Some("admin"));
}

#[test]
fn the_masters_own_file() {
    let text = "HOSTNAME: fuel\nADMIN_NETWORK:\n  ipaddress: 10.20.0.2\n  interface: eth0\n\
                FUEL_ACCESS:\n  user: admin\n  password: \"0123\"\nBOOTSTRAP: {flavor: ubuntu, repos: []}\n";
    let found = PartialCredentials::from_master_file(text).unwrap().complete().unwrap();
    assert_eq!(found.url.to_string(), "http://10.20.0.2:8000/");
    assert_eq!((found.username.as_str(), found.password.expose()), ("admin", "0123"));
}

#[test]
fn the_higher_source_wins_and_empty_means_unset() {
    let file = PartialCredentials::from_client_file(
        "SERVER_ADDRESS: 10.20.0.2\nSERVER_PORT: 8001\nOS_USERNAME: admin\nOS_PASSWORD: file\n",
    )
    .unwrap();
    let merged = |pairs: &[(&str, &str)]| variables(pairs).or(file.clone()).complete();
    assert_eq!(merged(&[("OS_PASSWORD", "env")]).unwrap().password.expose(), "env");
    assert_eq!(merged(&[("OS_PASSWORD", "")]).unwrap().password.expose(), "file");
    assert_eq!(merged(&[("SERVER_ADDRESS", "fuel")]).unwrap().url.to_string(), "http://fuel:8001/");
    let url = ("FUEL_UPDATES_NAILGUN_URL", "https://fuel:8443/api/v1/");
    assert_eq!(merged(&[url]).unwrap().url.to_string(), "https://fuel:8443/");
    assert_eq!(merged(&[("SERVER_ADDRESS", "fd00::2")]).unwrap().url.to_string(), "http://[fd00::2]:8001/");
}

#[test]
fn one_users_password_is_never_sent_for_another() {
    let file = PartialCredentials::from_client_file("SERVER_ADDRESS: m\nOS_USERNAME: admin\nOS_PASSWORD: p\n");
    let merged = variables(&[("OS_USERNAME", "jane")]).or(file.unwrap()).complete();
    assert_eq!(merged, Err(CredentialsError::NoPassword("jane".into())));
}

#[test]
fn what_is_missing_is_named() {
    assert_eq!(variables(&[]).complete(), Err(CredentialsError::NoAddress));
    assert!(variables(&[]).is_empty());
    let host = ("FUEL_UPDATES_NAILGUN_URL", "fuel:8000");
    assert_eq!(variables(&[host]).complete(), Err(CredentialsError::NoUser));
    assert_eq!(variables(&[host, ("OS_USERNAME", "a")]).complete(), Err(CredentialsError::NoPassword("a".into())));
    assert!(CredentialsError::NoAddress.hint().unwrap().contains("FUEL_UPDATES_NAILGUN_URL"));
}

#[test]
fn no_error_and_no_debug_text_shows_a_secret() {
    let url = |text| variables(&[("FUEL_UPDATES_NAILGUN_URL", text), ("OS_USERNAME", "a"), ("OS_PASSWORD", "s3cret")]);
    for text in ["http://u:s3cret@fuel:8000", "ftp://u:s3cret@fuel", "http://fuel/other/path", "http://fuel/?s"] {
        let error = url(text).complete().unwrap_err().to_string();
        assert!(!error.contains("s3cret"), "{error}");
    }
    let good = url("http://fuel:8000");
    assert!(!format!("{good:?} {:?}", good.clone().complete()).contains("s3cret"));
    for broken in ["OS_PASSWORD: s3cret\n  x: [", "OS_PASSWORD: {s3cret", "- s3cret", "s3cret"] {
        let error = PartialCredentials::from_client_file(broken).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
    }
}

#[test]
fn an_alias_bomb_is_bounded() {
    let mut text = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 0..12 {
        let (from, to) = (char::from(b'a' + level), char::from(b'b' + level));
        text.push_str(&format!(
            "{to}: &{to} [*{from},*{from},*{from},*{from},*{from},*{from},*{from},*{from},*{from}]\n"
        ));
    }
    assert!(PartialCredentials::from_client_file(&text).is_err());
}

proptest::proptest! {
    #[test]
    fn nothing_makes_it_panic(text in "(?s).{0,200}") {
        let _ = PartialCredentials::from_client_file(&text);
        let _ = PartialCredentials::from_master_file(&text);
        let _ = variables(&[("FUEL_UPDATES_NAILGUN_URL", &text), ("OS_USERNAME", &text), ("OS_PASSWORD", "p")]).complete();
    }
}
