//! From tokens to an expression. Weakest first: `OR`, `AND`, comparisons, `+ -`, `* /`, a sign.

use super::super::Fault;
use super::lexer::Token;
use super::{Aggregate, Filling, Node, Operator};

/// The operators of each level, the weakest first.
const LEVELS: [&[(&str, Operator)]; 5] = [
    &[("||", Operator::Or), ("OR", Operator::Or)],
    &[("&&", Operator::And), ("AND", Operator::And)],
    &[
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[("*", Operator::Multiply), ("/", Operator::Divide)],
];

pub(super) fn parse(tokens: &[Token]) -> Result<Node, Fault> {
    let mut parser = Parser { tokens };
    let node = parser.level(0)?;
    match parser.tokens.first() {
        None => Ok(node),
        Some(token) => Err(unexpected(token)),
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
}

impl Parser<'_> {
    fn level(&mut self, level: usize) -> Result<Node, Fault> {
        let Some(operators) = LEVELS.get(level) else {
            return self.operand();
        };
        let mut left = self.level(level + 1)?;
        while let Some((_, operator)) = operators.iter().find(|(sign, _)| self.next_is(sign)) {
            self.tokens = &self.tokens[1..];
            let right = self.level(level + 1)?;
            left = Node::Operation(*operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn operand(&mut self) -> Result<Node, Fault> {
        match self.take()? {
            Token::Number(number) => Ok(Node::Number(number)),
            Token::Sign("-") => Ok(Node::Negate(Box::new(self.operand()?))),
            Token::Sign("(") => {
                let inner = self.level(0)?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Sign("[") => Ok(Node::Array(self.list("]")?)),
            Token::Word(word) if self.next_is("(") => {
                self.expect("(")?;
                self.function(&word)
            }
            Token::Word(word) if word.starts_with(|char: char| char.is_ascii_lowercase()) => {
                Ok(Node::Id(word))
            }
            other => Err(unexpected(&other)),
        }
    }

    fn function(&mut self, name: &str) -> Result<Node, Fault> {
        let aggregate = match name {
            "IF" => return self.condition(),
            "FILL" => return self.fill(),
            "MAX" => Aggregate::Max,
            "MIN" => Aggregate::Min,
            "SUM" => Aggregate::Sum,
            _ => return Err(Fault::new(format!("the function {name} is not known"))),
        };
        let array = self.level(0)?;
        self.expect(")")?;
        Ok(Node::Aggregate(aggregate, Box::new(array)))
    }

    fn condition(&mut self) -> Result<Node, Fault> {
        let parts: Result<[Node; 3], _> = self.list(")")?.try_into();
        let [test, yes, no] = parts.map_err(|_| Fault::new("IF needs three arguments"))?;
        Ok(Node::If(Box::new(test), Box::new(yes), Box::new(no)))
    }

    fn fill(&mut self) -> Result<Node, Fault> {
        let series = Box::new(self.level(0)?);
        self.expect(",")?;
        let minus = self.next_is("-");
        if minus {
            self.expect("-")?;
        }
        let filling = match self.take()? {
            Token::Number(number) => Filling::Number(if minus { -number } else { number }),
            Token::Word(word) if word == "REPEAT" && !minus => Filling::Repeat,
            _ => return Err(Fault::new("FILL is known with a number or REPEAT only")),
        };
        self.expect(")")?;
        Ok(Node::Fill(series, filling))
    }

    /// Expressions with commas between them, up to `end`.
    fn list(&mut self, end: &str) -> Result<Vec<Node>, Fault> {
        let mut parts = vec![self.level(0)?];
        while self.next_is(",") {
            self.expect(",")?;
            parts.push(self.level(0)?);
        }
        self.expect(end)?;
        Ok(parts)
    }

    fn next_is(&self, text: &str) -> bool {
        match self.tokens.first() {
            Some(Token::Sign(sign)) => *sign == text,
            Some(Token::Word(word)) => word == text,
            _ => false,
        }
    }

    fn take(&mut self) -> Result<Token, Fault> {
        let (first, rest) = self
            .tokens
            .split_first()
            .ok_or_else(|| Fault::new("the expression ends too early"))?;
        self.tokens = rest;
        Ok(first.clone())
    }

    fn expect(&mut self, sign: &str) -> Result<(), Fault> {
        match self.take()? {
            Token::Sign(found) if found == sign => Ok(()),
            other => Err(unexpected(&other)),
        }
    }
}

fn unexpected(token: &Token) -> Fault {
    let text = match token {
        Token::Number(number) => number.to_string(),
        Token::Word(word) => word.clone(),
        Token::Sign(sign) => (*sign).to_owned(),
    };
    Fault::new(format!("{text} is not expected where it is"))
}
