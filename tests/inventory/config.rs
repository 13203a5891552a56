//! Settings: which source wins, and `config show` that tells which it was.

use insta::assert_snapshot;

use crate::program::Program;

const FILE: &str = "
mirror: http://ops:s3cret@mirror.site/
inventory: lists
ssh: {user: stack, keys: [keys/a, ~/b, /c], port: 2222, connect_timeout: 2.5, host_keys: strict}
nailgun: {url: 'https://10.20.0.2:8443', username: ops}
";

#[test]
fn each_value_with_where_it_came_from() {
    let program = Program::new();
    let file = program.file("etc/c.yaml", FILE).display().to_string();
    program.file(".config/fuel/fuel_client.yaml", "SERVER_ADDRESS: 10.20.0.9\nOS_USERNAME: ops\nOS_PASSWORD: s3cret\n");
    let program = program
        .variable("FUEL_UPDATES_CONFIG", &file)
        .variable("FUEL_UPDATES_SSH_PORT", "2200")
        .variable("FUEL_UPDATES_FANOUT", "7")
        .variable("OS_TENANT_NAME", "services");
    let ran = program.run("config show --env 3 --fanout 9 -f csv");
    assert_snapshot!(ran.picture(), @r#"
    exit 0
    --- stdout
    setting,value,source
    env,3,option --env
    inventory,[HOME]/etc/lists,[HOME]/etc/c.yaml
    mos_version,-,default
    mirror,http://***@mirror.site/,[HOME]/etc/c.yaml
    ca_file,-,default
    ssh.user,stack,[HOME]/etc/c.yaml
    ssh.keys,"[HOME]/etc/keys/a, [HOME]/b, /c",[HOME]/etc/c.yaml
    ssh.port,2200,variable FUEL_UPDATES_SSH_PORT
    ssh.jump,-,default
    ssh.host_keys,strict,[HOME]/etc/c.yaml
    ssh.legacy_algorithms,false,default
    ssh.connect_timeout,2.5,[HOME]/etc/c.yaml
    ssh.handshake_timeout,10,default
    ssh.node_timeout,30,default
    ssh.fanout,9,option --fanout
    state_dir,[HOME]/state,variable FUEL_UPDATES_STATE_DIR
    nailgun.url,https://10.20.0.2:8443/,[HOME]/etc/c.yaml
    nailgun.username,ops,[HOME]/etc/c.yaml
    nailgun.password,***,[HOME]/.config/fuel/fuel_client.yaml
    nailgun.tenant,services,variable OS_TENANT_NAME
    --- stderr
    a node's own entry in the node list stands between option or variable and the configuration file
    "#);
    assert!(!ran.picture().contains("s3cret"));
}

/// `VARIABLE= fuel-updates ...` clears a variable for one command.
#[test]
fn an_empty_variable_is_unset() {
    let names = [
        "CA_FILE",
        "CONFIG",
        "CONNECT_TIMEOUT",
        "ENV",
        "FANOUT",
        "HANDSHAKE_TIMEOUT",
        "HOST_KEYS",
        "INVENTORY",
        "JUMP",
        "MIRROR",
        "MOS_VERSION",
        "NAILGUN_URL",
        "NODE_TIMEOUT",
        "SSH_KEY",
        "SSH_PORT",
        "SSH_USER",
    ];
    let mut program = Program::new();
    for name in names {
        program = program.variable(&format!("FUEL_UPDATES_{name}"), "");
    }
    for name in ["SSH_AUTH_SOCK", "XDG_CONFIG_HOME", "OS_USERNAME", "OS_PASSWORD", "SERVER_ADDRESS"] {
        program = program.variable(name, "");
    }
    let ran = program.run("-q config show -f csv -c setting -c source");
    assert_eq!(ran.code, Some(0), "{}", ran.picture());
    let set: Vec<&str> = ran.stdout.lines().skip(1).filter(|line| !line.ends_with(",default")).collect();
    assert_eq!(set, ["state_dir,variable FUEL_UPDATES_STATE_DIR"]);
    assert_eq!(Program::new().variable("FUEL_UPDATES_ENV", "x").run("config show").code, Some(2));
}

#[test]
fn nothing_said_is_the_defaults() {
    let ran =
        Program::new().redact(&Program::new().state().display().to_string(), "[STATE]").run("-q config show -f csv");
    assert_snapshot!(ran.picture(), @r#"
    exit 0
    --- stdout
    setting,value,source
    env,-,default
    inventory,-,default
    mos_version,-,default
    mirror,http://mirror.fuel-infra.org,default
    ca_file,-,default
    ssh.user,root,default
    ssh.keys,"[HOME]/.ssh/id_rsa, [HOME]/.ssh/id_ed25519, [HOME]/.ssh/id_ecdsa",default
    ssh.port,22,default
    ssh.jump,-,default
    ssh.host_keys,accept-new,default
    ssh.legacy_algorithms,false,default
    ssh.connect_timeout,5,default
    ssh.handshake_timeout,10,default
    ssh.node_timeout,30,default
    ssh.fanout,100,default
    state_dir,[HOME]/state,variable FUEL_UPDATES_STATE_DIR
    nailgun.url,-,default
    nailgun.username,-,default
    nailgun.password,-,default
    nailgun.tenant,admin,default
    "#);
}

#[test]
fn fuelclients_files_of_both_generations() {
    let show = |text: &str| {
        let program = Program::new();
        let file = program.file("client.yaml", text).display().to_string();
        let ran = program.variable("FUELCLIENT_CUSTOM_SETTINGS", &file).run("-q config show -f value");
        ran.picture().lines().filter(|l| l.starts_with("nailgun.")).map(|l| format!("{l}\n")).collect::<String>()
    };
    let old = "SERVER_ADDRESS: '10.20.0.2'\nLISTEN_PORT: '8000'\nKEYSTONE_USER: admin\nKEYSTONE_PASS: 0123\nKEYSTONE_PORT: '5000'\n";
    let new =
        "SERVER_ADDRESS: 10.20.0.2\nSERVER_PORT: 8000\nOS_USERNAME: admin\nOS_PASSWORD: 0123\nOS_TENANT_NAME: admin\n";
    assert_snapshot!(show(old), @"
    nailgun.url http://10.20.0.2:8000/ [HOME]/client.yaml
    nailgun.username admin [HOME]/client.yaml
    nailgun.password *** [HOME]/client.yaml
    nailgun.tenant admin default
    ");
    assert_snapshot!(show(new), @"
    nailgun.url http://10.20.0.2:8000/ [HOME]/client.yaml
    nailgun.username admin [HOME]/client.yaml
    nailgun.password *** [HOME]/client.yaml
    nailgun.tenant admin [HOME]/client.yaml
    ");
}

#[test]
fn values_that_cannot_be_are_refused_with_their_key() {
    let mut told = String::new();
    for text in [
        "ssh: {connect_timeout: .nan}",
        "ssh: {node_timeout: -1}",
        "ssh: {fanout: 0}",
        "ssh: {port: 0}",
        "ssh: {user: ''}",
        "ssh: {host_keys: maybe}",
        "mos_version: nine",
        "nailgun: {password: s3cret}",
        "mirror: a\nmirror: b",
        "[]",
    ] {
        let program = Program::new();
        let file = program.file("c.yaml", text).display().to_string();
        told += &program.run(&format!("--config {file} config show")).picture();
    }
    assert_snapshot!(told, @"
    exit 2
    --- stderr
    error: [HOME]/c.yaml: ssh.connect_timeout is not a number of seconds between 0.1 and 3600
    exit 2
    --- stderr
    error: [HOME]/c.yaml: ssh.node_timeout is not a number of seconds between 0.1 and 3600
    exit 2
    --- stderr
    error: [HOME]/c.yaml: ssh.fanout is not between 1 and 2000
    exit 2
    --- stderr
    error: [HOME]/c.yaml: ssh.port must be at least 1
    exit 2
    --- stderr
    error: [HOME]/c.yaml: ssh.user must not be empty
    exit 2
    --- stderr
    error: [HOME]/c.yaml: line 1: ssh.host_keys: `maybe` is not accept-new, strict or off
    exit 2
    --- stderr
    error: [HOME]/c.yaml: line 1: mos_version: not a MOS version such as 9.0
    exit 2
    --- stderr
    error: [HOME]/c.yaml: line 1: unknown field `password`, expected one of url, username, tenant
    exit 2
    --- stderr
    error: [HOME]/c.yaml: line 2: duplicate mapping key: mirror
    exit 2
    --- stderr
    error: [HOME]/c.yaml: line 1: expected a map
    ");
}
