//! The commands of a document.

/// A step of the guide.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Something happens to the lab.
    Lab(String),
    /// A file is written: its path, and its text.
    File(String, String),
    /// A command.
    Run(Listed),
}

/// A command with what the guide says of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Listed {
    /// The line of the document, from 1.
    pub(crate) line: usize,
    /// `master`, `online` (a host with internet), or a node.
    pub(crate) host: String,
    /// The command, lines that go on included.
    pub(crate) command: String,
    /// Its exit status.
    pub(crate) status: i32,
    /// Lines of its output.
    pub(crate) output: Vec<String>,
}

/// Reads a document. A block of another language follows a line that ends in `` `PATH`: ``, which names the file that it is.
pub(crate) fn steps(text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = text.lines().enumerate();
    let mut before = "";
    while let Some((number, line)) = lines.next() {
        if let Some(words) = line.strip_prefix("<!-- lab: ").and_then(|rest| rest.strip_suffix(" -->")) {
            steps.push(Step::Lab(words.to_owned()));
        } else if let Some(language) = line.strip_prefix("```") {
            let block: Vec<(usize, &str)> = lines.by_ref().take_while(|(_, line)| *line != "```").collect();
            if language == "console" {
                steps.extend(commands(&block).into_iter().map(Step::Run));
            } else {
                let path = before.strip_suffix("`:").and_then(|head| head.rsplit('`').next());
                let path = path.unwrap_or_else(|| panic!("line {}: which file is this block?", number + 1));
                let text: String = block.iter().map(|(_, line)| format!("{line}\n")).collect();
                steps.push(Step::File(path.to_owned(), text));
            }
        }
        if !line.is_empty() {
            before = line;
        }
    }
    steps
}

fn commands(block: &[(usize, &str)]) -> Vec<Listed> {
    let mut commands: Vec<Listed> = Vec::new();
    let mut goes_on = false;
    for (number, line) in block {
        let prompt = line.strip_prefix("[root@").and_then(|rest| rest.split_once("]# "));
        match (prompt, commands.last_mut()) {
            (Some((host, command)), _) => {
                commands.push(Listed {
                    line: number + 1,
                    host: host.to_owned(),
                    command: command.to_owned(),
                    ..Listed::default()
                });
            }
            (None, Some(last)) if goes_on => last.command += &format!("\n{line}"),
            (None, Some(last)) => match line.strip_prefix("(ends with ").and_then(|rest| rest.strip_suffix(')')) {
                Some(status) => last.status = status.parse().expect("a status"),
                None if line.trim() == "…" || line.is_empty() => {}
                None => last.output.push((*line).to_owned()),
            },
            (None, None) => panic!("line {}: a block of commands begins with a prompt", number + 1),
        }
        goes_on = line.ends_with('\\');
    }
    commands
}

#[test]
fn a_document_is_read_as_it_is_meant() {
    let text = "# Title\n<!-- lab: starts x -->\n```console\n[root@master]# a \\\n  b\nout\n…\n(ends with 5)\n[root@node-1]# c\n```\n`/etc/x`:\n\n```yaml\nk: v\n```\n";
    let run = |line, host: &str, command: &str, status, output: &[&str]| {
        let output = output.iter().map(|line| (*line).to_owned()).collect();
        Step::Run(Listed { line, host: host.into(), command: command.into(), status, output })
    };
    assert_eq!(
        steps(text),
        [
            Step::Lab("starts x".into()),
            run(4, "master", "a \\\n  b", 5, &["out"]),
            run(9, "node-1", "c", 0, &[]),
            Step::File("/etc/x".into(), "k: v\n".into()),
        ]
    );
}
