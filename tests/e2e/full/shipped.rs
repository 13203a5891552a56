//! `fuel-misc` with an mu-version.json of its own.

use crate::e2e::inside::real;
use crate::e2e::packages::{self, FUEL_MISC_CONFFILE, FUEL_MISC_PLAIN};
use crate::e2e::site::Site;
use crate::e2e::tools::Tools;
use crate::program::{MU_FILE, mu};

/// Installs update 1 whose `fuel-misc` of this version brings the file; `between` is before the last compute is through.
fn installs(tools: Tools, fuel_misc: &str) {
    let site = Site::start(tools);
    let mut offered = packages::offered(1);
    offered.retain(|(name, _)| name != "fuel-misc");
    offered.push(("fuel-misc".to_owned(), fuel_misc.to_owned()));
    site.offer(&offered);
    site.announce(1);

    // By hand, past us: the package's own file counts, and it is said where it comes from.
    let options = "-q -y -o Dir::Etc::sourcelist=/dev/null";
    site.node(8).run(&format!("apt-get {options} update && apt-get {options} install fuel-misc"));
    let line = "-e 1 -q check installed -f value -c name -c state -c MU -c detail";
    let check = site.program.run(line);
    assert!(check.stdout.contains("node-8 installed 9.0-mu-1 from package\n"), "{}", check.picture());

    // While the run is under way the file is there and does not count.
    site.node(7).write("/etc/e2e/wait-cinder-volume", "");
    let ran = std::thread::scope(|scope| {
        let run = scope.spawn(|| site.install(""));
        site.node(7).wait_for_file("/etc/e2e/waits-cinder-volume");
        assert_eq!(site.node(1).read(MU_FILE), Some(mu(1)), "the package's file is there");
        let check = site.program.run(line);
        assert!(check.stdout.starts_with("node-1 incomplete 9.0-mu-1"), "{}", check.picture());
        assert!(check.stdout.contains("node-7 updating"), "{}", check.picture());
        site.node(7).remove("/etc/e2e/wait-cinder-volume");
        run.join().expect("a run")
    });
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.picture(), site.logs());
    site.assert_clean();
    assert_eq!(site.mus(), [Some(1); 8]);
    let check = site.program.run(line);
    let (ours, by_hand) = ("installed 9.0-mu-1 \n", "node-8 installed 9.0-mu-1 from package\n");
    let rows: String = (1..=7).map(|id| format!("node-{id} {ours}")).collect();
    assert_eq!(check.stdout, rows + by_hand, "{}", check.picture());
    // dpkg does not ask about it either.
    assert_eq!(site.node(1).run("dpkg --audit"), "");
    site.node(1).run("dpkg --configure -a");
    assert_eq!(site.node(1).read(MU_FILE), Some(mu(1)));
}

real! {
    fn as_a_configuration_file(tools) {
        installs(tools, FUEL_MISC_CONFFILE);
    }

    fn as_a_plain_file(tools) {
        installs(tools, FUEL_MISC_PLAIN);
    }
}
