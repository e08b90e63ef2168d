//! Pickles of tensor lists, read without executing anything.
//!
//! A pickle is a program for a small stack machine, and in general running it
//! is running whatever its author wished. This machine knows only what the
//! `state_dict` of a network needs: texts, numbers, tuples, dictionaries, the
//! storages and the one function of PyTorch that puts a tensor together. Any
//! other name or instruction is an error that says which. There is a bound on
//! the number of instructions and on nesting, texts are bounded by the file,
//! and containers cannot be duplicated, so a hostile file can waste neither
//! memory nor stack.
//!
//! # Source
//! The instructions: CPython's `Lib/pickletools.py`. What a tensor is made of:
//! PyTorch's `torch/serialization.py` and `torch/_utils.py`.

use super::{ElementType, WeightsError};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Instructions that are read; the Inception weights take 30,000.
const MOST_INSTRUCTIONS: usize = 1 << 18;

/// Containers within containers; a list of tensors has 4.
const DEEPEST: usize = 16;

/// A Python value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// An integer of more than 64 bits, little-endian.
    Long(Rc<[u8]>),
    Float,
    Text(Rc<str>),
    Global(Global),
    Tuple(Vec<Value>, usize), // with its depth, as below
    List(Vec<Value>, usize),
    Dict(Vec<(Value, Value)>, usize),
    Storage(Rc<Storage>),
    Tensor(Rc<Tensor>),
}

/// What a pickle may name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Global {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Storage(ElementType),
}

/// Numbers that lie elsewhere in the file.
#[derive(Debug)]
pub(super) struct Storage {
    pub(super) kind: ElementType,
    pub(super) key: Rc<str>,
    pub(super) elements: usize,
}

/// A view of a storage.
#[derive(Debug)]
pub(super) struct Tensor {
    pub(super) storage: Rc<Storage>,
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<usize>,
}

/// Reads the pickle that begins at `at` and returns its value and where it ends.
///
/// # Errors
/// If it is cut off, put together wrongly, or names or does anything that a list
/// of tensors does not need.
pub(super) fn read(file: &[u8], at: usize) -> Result<(Value, usize), WeightsError> {
    let mut machine = Machine {
        file,
        at,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: BTreeMap::new(),
    };
    for _ in 0..MOST_INSTRUCTIONS {
        if let Some(value) = machine.step()? {
            return Ok((value, machine.at));
        }
    }
    Err(malformed("it has too many instructions"))
}

pub(super) fn malformed(what: &str) -> WeightsError {
    WeightsError::NotTensors(what.into())
}

struct Machine<'a> {
    file: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    marks: Vec<usize>,
    /// What may be repeated; `None` for containers, which may not.
    memo: BTreeMap<u32, Option<Value>>,
}

impl<'a> Machine<'a> {
    /// One instruction; the value, if it was the last.
    fn step(&mut self) -> Result<Option<Value>, WeightsError> {
        let start = self.at;
        let opcode = self.byte()?;
        match opcode {
            // Framing and the end.
            0x80 => drop(self.byte()?),  // PROTO
            0x95 => drop(self.take(8)?), // FRAME
            b'.' => return self.pop().map(Some),
            // Atoms.
            b'N' => self.push(Value::None),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            b'K' => {
                let value = self.byte()?;
                self.push(Value::Int(value.into()));
            }
            b'M' => {
                let value = u16::from_le_bytes(self.array()?);
                self.push(Value::Int(value.into()));
            }
            b'J' => {
                let value = i32::from_le_bytes(self.array()?);
                self.push(Value::Int(value.into()));
            }
            0x8a => {
                let length = self.byte()?;
                let value = long(self.take(length.into())?);
                self.push(value);
            }
            b'G' => {
                self.take(8)?;
                self.push(Value::Float);
            }
            b'X' => {
                let length = u32::from_le_bytes(self.array()?);
                self.text(length as usize)?;
            }
            0x8c => {
                let length = self.byte()?;
                self.text(length.into())?;
            }
            // Names.
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Value::Global(global(module, name)?));
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Value::Text(module), Value::Text(name)) = (module, name) else {
                    return Err(malformed("a name is not a text"));
                };
                self.push(Value::Global(global(&module, &name)?));
            }
            // Containers.
            b'(' => self.marks.push(self.stack.len()),
            b')' => self.push(Value::Tuple(Vec::new(), 1)),
            b'}' => self.push(Value::Dict(Vec::new(), 1)),
            b']' => self.push(Value::List(Vec::new(), 1)),
            b't' => {
                let items = self.pop_mark()?;
                self.tuple(items)?;
            }
            0x85..=0x87 => {
                let count = usize::from(opcode - 0x84);
                let first = self
                    .stack
                    .len()
                    .checked_sub(count)
                    .ok_or_else(|| malformed("its stack is empty"))?;
                let items = self.stack.split_off(first);
                self.tuple(items)?;
            }
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' => {
                let items = self.pop_mark()?;
                self.append(items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(vec![key, value])?;
            }
            b'u' => {
                let items = self.pop_mark()?;
                self.set(items)?;
            }
            // The memo.
            b'q' => {
                let place = self.byte()?;
                self.remember(place.into())?;
            }
            b'r' => {
                let place = u32::from_le_bytes(self.array()?);
                self.remember(place)?;
            }
            0x94 => {
                let place = self.memo.len() as u32; // bounded by the instructions
                self.remember(place)?;
            }
            b'h' => {
                let place = self.byte()?;
                self.recall(place.into())?;
            }
            b'j' => {
                let place = u32::from_le_bytes(self.array()?);
                self.recall(place)?;
            }
            // Objects.
            b'Q' => {
                let id = self.pop()?;
                self.push(Value::Storage(Rc::new(storage(id)?)));
            }
            b'R' => {
                let (arguments, function) = (self.pop()?, self.pop()?);
                let Value::Tuple(arguments, _) = arguments else {
                    return Err(malformed("a function's arguments are not a tuple"));
                };
                self.push(call(&function, &arguments)?);
            }
            // Attributes of a dictionary: PyTorch's notes on versions.
            b'b' => match (self.pop()?, self.stack.last()) {
                (Value::Dict(..), Some(Value::Dict(..))) => {}
                _ => return Err(malformed("something but a dictionary has attributes")),
            },
            _ => return Err(WeightsError::Opcode { opcode, at: start }),
        }
        Ok(None)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], WeightsError> {
        let rest = &self.file[self.at..];
        let taken = rest
            .get(..length)
            .ok_or_else(|| WeightsError::Damaged("its pickle ends too early".into()))?;
        self.at += length;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WeightsError> {
        let bytes = self.take(N)?;
        Ok(bytes.try_into().expect("as many bytes were taken"))
    }

    fn byte(&mut self) -> Result<u8, WeightsError> {
        Ok(self.array::<1>()?[0])
    }

    fn line(&mut self) -> Result<&'a str, WeightsError> {
        let rest = &self.file[self.at..];
        // No name that is allowed is this long.
        let end = rest.iter().take(256).position(|&byte| byte == b'\n');
        let end =
            end.ok_or_else(|| WeightsError::Damaged("a name in its pickle has no end".into()))?;
        self.at += end + 1;
        std::str::from_utf8(&rest[..end]).map_err(|_| malformed("a name is not UTF-8"))
    }

    fn text(&mut self, length: usize) -> Result<(), WeightsError> {
        let bytes = self.take(length)?;
        let text = std::str::from_utf8(bytes).map_err(|_| malformed("a text is not UTF-8"))?;
        self.push(Value::Text(text.into()));
        Ok(())
    }

    fn push(&mut self, value: Value) {
        self.stack.push(value);
    }

    fn pop(&mut self) -> Result<Value, WeightsError> {
        if self.marks.last() == Some(&self.stack.len()) {
            return Err(malformed("its stack is empty at a mark"));
        }
        self.stack
            .pop()
            .ok_or_else(|| malformed("its stack is empty"))
    }

    fn pop_mark(&mut self) -> Result<Vec<Value>, WeightsError> {
        let mark = self
            .marks
            .pop()
            .ok_or_else(|| malformed("a mark is missing"))?;
        if mark > self.stack.len() {
            return Err(malformed("its stack is empty at a mark"));
        }
        Ok(self.stack.split_off(mark))
    }

    fn tuple(&mut self, items: Vec<Value>) -> Result<(), WeightsError> {
        let depth = depth_around(&items)?;
        self.push(Value::Tuple(items, depth));
        Ok(())
    }

    fn append(&mut self, new: Vec<Value>) -> Result<(), WeightsError> {
        let around = depth_around(&new)?;
        let Some(Value::List(items, depth)) = self.stack.last_mut() else {
            return Err(malformed("items are appended to what is no list"));
        };
        items.extend(new);
        *depth = around.max(*depth);
        Ok(())
    }

    fn set(&mut self, new: Vec<Value>) -> Result<(), WeightsError> {
        let around = depth_around(&new)?;
        let Some(Value::Dict(items, depth)) = self.stack.last_mut() else {
            return Err(malformed("items are set in what is no dictionary"));
        };
        if new.len() % 2 == 1 {
            return Err(malformed("a key has no value"));
        }
        *depth = around.max(*depth);
        let mut new = new.into_iter();
        while let (Some(key), Some(value)) = (new.next(), new.next()) {
            items.push((key, value));
        }
        Ok(())
    }

    fn remember(&mut self, place: u32) -> Result<(), WeightsError> {
        let top = self
            .stack
            .last()
            .ok_or_else(|| malformed("its stack is empty"))?;
        let kept = match top {
            Value::Tuple(items, _) if items.is_empty() => Some(top.clone()),
            Value::Tuple(..) | Value::List(..) | Value::Dict(..) => None,
            _ => Some(top.clone()),
        };
        self.memo.insert(place, kept);
        Ok(())
    }

    fn recall(&mut self, place: u32) -> Result<(), WeightsError> {
        match self.memo.get(&place) {
            Some(Some(value)) => self.push(value.clone()),
            Some(None) => return Err(malformed("a container is used twice")),
            None => return Err(malformed("something is used before it is there")),
        }
        Ok(())
    }
}

/// The depth of a container of these.
fn depth_around(items: &[Value]) -> Result<usize, WeightsError> {
    let inner = items.iter().map(|item| match item {
        Value::Tuple(_, depth) | Value::List(_, depth) | Value::Dict(_, depth) => *depth,
        _ => 0,
    });
    let depth = 1 + inner.max().unwrap_or(0);
    if depth > DEEPEST {
        return Err(malformed("its containers are nested too deeply"));
    }
    Ok(depth)
}

/// An integer in two's complement of any length.
fn long(bytes: &[u8]) -> Value {
    if bytes.len() > 8 {
        return Value::Long(bytes.into());
    }
    let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut wide = [if negative { 0xff } else { 0 }; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    Value::Int(i64::from_le_bytes(wide))
}

fn global(module: &str, name: &str) -> Result<Global, WeightsError> {
    let other = |name, bytes| Ok(Global::Storage(ElementType::Other { name, bytes }));
    match (module, name) {
        ("collections", "OrderedDict") => Ok(Global::OrderedDict),
        ("torch._utils", "_rebuild_tensor_v2") => Ok(Global::RebuildTensor),
        ("torch._utils", "_rebuild_parameter") => Ok(Global::RebuildParameter),
        ("torch", "FloatStorage") => Ok(Global::Storage(ElementType::F32)),
        ("torch", "DoubleStorage") => other("64-bit floats", 8),
        ("torch", "HalfStorage") => other("16-bit floats", 2),
        ("torch", "BFloat16Storage") => other("bfloat16", 2),
        ("torch", "LongStorage") => other("64-bit integers", 8),
        ("torch", "IntStorage") => other("32-bit integers", 4),
        ("torch", "ShortStorage") => other("16-bit integers", 2),
        ("torch", "CharStorage" | "ByteStorage") => other("8-bit integers", 1),
        ("torch", "BoolStorage") => other("truth values", 1),
        _ => Err(WeightsError::Forbidden {
            module: module.into(),
            name: name.into(),
        }),
    }
}

/// `("storage", type, key, location, elements)`; the older form adds a view of
/// it, which is always `None` in a list of tensors.
fn storage(id: Value) -> Result<Storage, WeightsError> {
    let Value::Tuple(items, _) = id else {
        return Err(malformed("a storage is not described by a tuple"));
    };
    match &items[..] {
        [
            Value::Text(word),
            Value::Global(Global::Storage(kind)),
            Value::Text(key),
            Value::Text(_),
            elements,
            rest @ ..,
        ] if &**word == "storage" && matches!(rest, [] | [Value::None]) => Ok(Storage {
            kind: *kind,
            key: key.clone(),
            elements: size(elements)?,
        }),
        _ => Err(malformed("a storage is not described as PyTorch does")),
    }
}

/// The functions that a list of tensors calls, each of which only puts its
/// arguments together.
fn call(function: &Value, arguments: &[Value]) -> Result<Value, WeightsError> {
    match (function, arguments) {
        (Value::Global(Global::OrderedDict), []) => Ok(Value::Dict(Vec::new(), 1)),
        (
            Value::Global(Global::RebuildTensor),
            [
                Value::Storage(storage),
                offset,
                Value::Tuple(shape, _),
                Value::Tuple(strides, _),
                Value::Bool(_),
                Value::Dict(..),
                ..,
            ],
        ) => Ok(Value::Tensor(Rc::new(Tensor {
            storage: storage.clone(),
            offset: size(offset)?,
            shape: shape.iter().map(size).collect::<Result<_, _>>()?,
            strides: strides.iter().map(size).collect::<Result<_, _>>()?,
        }))),
        (Value::Global(Global::RebuildParameter), [Value::Tensor(tensor), ..]) => {
            Ok(Value::Tensor(tensor.clone()))
        }
        _ => Err(malformed(
            "a function is called with other arguments than PyTorch's",
        )),
    }
}

fn size(value: &Value) -> Result<usize, WeightsError> {
    match value {
        Value::Int(value) => usize::try_from(*value).map_err(|_| malformed("a size is negative")),
        _ => Err(malformed("a size is not a number")),
    }
}
