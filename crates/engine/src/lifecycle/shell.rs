//! Shell scripts, as far as it takes to tell what they do in any case.

/// `MAX_ARG_STRLEN` of Linux: the longest argument of a program, with the byte that ends it.
pub const MAX_ARGUMENT_BYTES: usize = 128 * 1024;

/// A piece of a shell script.
#[derive(Debug, PartialEq, Eq)]
enum Token {
    /// A word, and whether any of it is quoted.
    Word(String, bool),
    /// Stands between commands: `;`, a line's end, `&`, `&&`, `|`, `||`, `(` or `)`.
    Operator(&'static str),
}

/// The script's pieces; `None` where it holds a here-document or an open quote.
fn tokens(script: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut word: Option<(String, bool)> = None;
    let mut chars = script.chars().peekable();
    while let Some(character) = chars.next() {
        let operator = match character {
            '\\' => {
                match chars.next() {
                    Some('\n') => {}
                    escaped => {
                        let (text, quoted) = word.get_or_insert_default();
                        text.extend(escaped);
                        *quoted = true;
                    }
                }
                continue;
            }
            quote @ ('\'' | '"' | '`') => {
                let (text, quoted) = word.get_or_insert_default();
                *quoted = true;
                loop {
                    match chars.next()? {
                        end if end == quote => break,
                        '\\' if quote != '\'' => text.extend(chars.next()),
                        other => text.push(other),
                    }
                }
                continue;
            }
            '#' if word.is_none() => {
                while chars.next_if(|next| *next != '\n').is_some() {}
                continue;
            }
            '<' if chars.peek() == Some(&'<') => return None,
            // In `2>&1` and `&>file` it is no operator.
            '&' if chars.peek() == Some(&'>') || word.as_ref().is_some_and(|(text, _)| text.ends_with(['>', '<'])) => {
                word.get_or_insert_default().0.push('&');
                continue;
            }
            '&' if chars.next_if_eq(&'&').is_some() => "&&",
            '|' if chars.next_if_eq(&'|').is_some() => "||",
            '&' => "&",
            '|' => "|",
            ';' | '\n' => ";",
            '(' => "(",
            ')' => ")",
            ' ' | '\t' | '\r' => "",
            other => {
                word.get_or_insert_default().0.push(other);
                continue;
            }
        };
        tokens.extend(word.take().map(|(text, quoted)| Token::Word(text, quoted)));
        // A command goes on in the line after one of these.
        let goes_on = operator == ";" && matches!(tokens.last(), Some(Token::Operator("&&" | "||" | "|")));
        if !operator.is_empty() && !goes_on {
            tokens.push(Token::Operator(operator));
        }
    }
    tokens.extend(word.map(|(text, quoted)| Token::Word(text, quoted)));
    Some(tokens)
}

/// A script, cut into words and operators.
#[derive(Debug)]
pub struct Script(Vec<Token>);

/// Something that a script does. It comes to a step in any case, and waits for it, where the step is not in an `if`, a `case`,
/// another loop, a function, a group or a pipe, not in the background, not behind `||`, and behind `&&` only where what stands
/// before it [succeeds].
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'s> {
    /// A command and its arguments that it comes to in any case.
    Command(Vec<&'s str>),
    /// A command and its arguments that it may come to, or does not wait for.
    Perhaps(Vec<&'s str>),
    /// A `while` loop that it comes to in any case, and whose condition is one command.
    While {
        /// The command.
        condition: Vec<&'s str>,
        /// All words of the body that are not quoted.
        body: Vec<&'s str>,
    },
}

impl Script {
    /// Reads a script; `None` where it holds a here-document or an open quote, or is longer than the kernel lets an argument
    /// be (`MAX_ARG_STRLEN`): then the container does not start at all.
    pub fn read(script: &str) -> Option<Self> {
        if script.len() >= MAX_ARGUMENT_BYTES {
            return None;
        }
        tokens(script).map(Self)
    }

    /// All its words that are not quoted.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        bare_words(&self.0)
    }

    /// Returns what it does, in order; the commands of a loop stand before the loop.
    pub fn steps(&self) -> Vec<Step<'_>> {
        let tokens = &self.0;
        let (ends, list_ends) = (command_ends(tokens), list_ends(tokens));
        let command_at = |place: usize| {
            let end = ends.get(place).copied().unwrap_or(place);
            (words(tokens.get(place..end).unwrap_or_default()), end)
        };
        // Tells whether the script waits for the command that goes on at a place: it is not in a pipe, which ends it when its reader
        // ends, and the list that it is in is not in the background.
        let stays = |place: usize| {
            let end = ends.get(place).copied().unwrap_or(place);
            operator_at(tokens, end) != Some("|") && list_ends.get(end).copied().flatten() != Some("&")
        };
        let mut steps = Vec::new();
        // What the place is inside of, each by the word that opened it.
        let mut inside: Vec<&str> = Vec::new();
        let (mut before, mut at_command) = (";", true);
        // Tells whether the command before is come to in any case and succeeds.
        let mut succeeded = false;
        // The condition of the loop that the place is in, and where its body begins.
        let mut begun: Option<(Vec<&str>, usize)> = None;
        for (place, token) in tokens.iter().enumerate() {
            let word = match token {
                Token::Operator(operator) => {
                    match *operator {
                        "(" => inside.push("("),
                        // One that ends a pattern of a `case` closes nothing.
                        ")" if inside.last() == Some(&"(") => {
                            inside.pop();
                        }
                        _ => {}
                    }
                    (before, at_command) = (operator, true);
                    continue;
                }
                Token::Word(text, quoted) if at_command => (text.as_str(), *quoted),
                Token::Word(..) => continue,
            };
            let unconditional = inside.is_empty() && (matches!(before, ";" | "&") || before == "&&" && succeeded);
            (at_command, succeeded) = (false, false);
            match word {
                ("if" | "case" | "for" | "select" | "until" | "while" | "{", false) => {
                    if word.0 == "while" && unconditional {
                        let (command, end) = command_at(place + 1);
                        begun = Some((command, end)).filter(|_| operator_at(tokens, end) == Some(";"));
                    }
                    inside.push(word.0);
                    at_command = matches!(word.0, "if" | "until" | "while" | "{");
                }
                ("done" | "fi" | "esac" | "}", false) => {
                    inside.pop();
                    if inside.is_empty()
                        && let Some((condition, body)) = begun.take()
                        && stays(place + 1)
                    {
                        let body = bare_words(tokens.get(body..place).unwrap_or_default()).collect();
                        steps.push(Step::While { condition, body });
                    }
                }
                ("do" | "then" | "else" | "elif" | "!", false) => at_command = true,
                _ => {
                    let words = command_at(place).0;
                    let waits = unconditional && stays(place);
                    succeeded = waits && succeeds(&words);
                    steps.push(if waits { Step::Command(words) } else { Step::Perhaps(words) });
                }
            }
        }
        steps
    }
}

/// Returns whether a command of a script is certain to succeed: a `sleep` of numbers, or one that only writes or sets something,
/// without a redirection, which may fail.
pub fn succeeds(words: &[&str]) -> bool {
    let Some((program, arguments)) = words.split_first() else { return false };
    match program.rsplit('/').next().unwrap_or(program) {
        "true" | ":" | "echo" | "printf" | "set" | "trap" => !arguments.iter().any(|word| word.contains(['<', '>'])),
        "sleep" => {
            let number = |word: &&str| {
                let number = word.strip_suffix(['s', 'm', 'h', 'd']).unwrap_or(word);
                !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
            };
            !arguments.is_empty() && arguments.iter().all(number)
        }
        _ => false,
    }
}

fn bare_words(tokens: &[Token]) -> impl Iterator<Item = &str> {
    tokens.iter().filter_map(|token| match token {
        Token::Word(text, false) => Some(text.as_str()),
        _ => None,
    })
}

fn operator_at(tokens: &[Token], place: usize) -> Option<&'static str> {
    match tokens.get(place) {
        Some(Token::Operator(operator)) => Some(operator),
        _ => None,
    }
}

fn words(tokens: &[Token]) -> Vec<&str> {
    tokens
        .iter()
        .filter_map(|token| match token {
            Token::Word(text, _) => Some(text.as_str()),
            Token::Operator(_) => None,
        })
        .collect()
}

/// For each place the one behind the simple command that goes on there. Found from the end, because every word of a long
/// command may be asked about.
fn command_ends(tokens: &[Token]) -> Vec<usize> {
    let mut ends = vec![tokens.len(); tokens.len()];
    let mut end = tokens.len();
    for (place, (token, its)) in tokens.iter().zip(&mut ends).enumerate().rev() {
        if matches!(token, Token::Operator(_)) {
            end = place;
        }
        *its = end;
    }
    ends
}

/// For each place the operator that ends the list of commands, joined by `&&`, `||` and `|`, that goes on there.
fn list_ends(tokens: &[Token]) -> Vec<Option<&'static str>> {
    let mut ends = vec![None; tokens.len()];
    let mut end = None;
    for (token, its) in tokens.iter().zip(&mut ends).rev() {
        if let Token::Operator(operator) = token
            && !matches!(*operator, "&&" | "||" | "|")
        {
            end = Some(*operator);
        }
        *its = end;
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_operators() {
        let script = Script::read("a 'b c' \"d\\\"e\"f \\$x 2>&1&& g|h;#i\nj\\\nk&").unwrap();
        let word = |text: &str, quoted| Token::Word(text.to_owned(), quoted);
        let expected = [
            word("a", false),
            word("b c", true),
            word("d\"ef", true),
            word("$x", true),
            word("2>&1", false),
            Token::Operator("&&"),
            word("g", false),
            Token::Operator("|"),
            word("h", false),
            Token::Operator(";"),
            Token::Operator(";"),
            word("jk", false),
            Token::Operator("&"),
        ];
        assert_eq!(script.0, expected);
        for open in ["'a", "\"a\\\"", "cat <<EOF\nEOF", "`a"] {
            assert!(Script::read(open).is_none(), "{open}");
        }
    }

    #[test]
    fn what_is_done_in_any_case() {
        let script = Script::read(
            "a b; if c; then d; fi; e && f || g\nh & i; (j); while k l; do m; done; n | o; true &&\n p q && r; s && t &",
        )
        .unwrap();
        let command = |words: &[&'static str]| Step::Command(words.to_vec());
        let perhaps = |words: &[&'static str]| Step::Perhaps(words.to_vec());
        let expected = [
            command(&["a", "b"]),
            perhaps(&["c"]),
            perhaps(&["d"]),
            command(&["e"]),
            perhaps(&["f"]),
            perhaps(&["g"]),
            perhaps(&["h"]),
            command(&["i"]),
            perhaps(&["j"]),
            perhaps(&["k", "l"]),
            perhaps(&["m"]),
            Step::While { condition: vec!["k", "l"], body: vec!["do", "m"] },
            perhaps(&["n"]),
            perhaps(&["o"]),
            command(&["true"]),
            command(&["p", "q"]),
            perhaps(&["r"]),
            perhaps(&["s"]),
            perhaps(&["t"]),
        ];
        assert_eq!(script.steps(), expected);
    }
}
