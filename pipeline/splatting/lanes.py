"""Sixteen float32 as one value inside numba kernels: one AVX-512 register, or two of AVX2, or four of NEON.

A kernel that keeps its sums in registers across an irregular loop cannot be left to the compiler's own vectorizer,
which only knows plain inner loops. Here the vector is explicit and the rest stays Python:

    dx = load(plane, at) - mx  # mx, a float32, is spread over the lanes
    store(plane, at, choose(dx <= cut, dx * dx, zero))

`Lanes` and their masks exist only within kernels; `+ - * /`, `<=` and `>=` work on Lanes and floats in any mix, in
float32. Places in arrays are uint64: numba lets a signed index wrap around. Tuples of Lanes work, lists do not
(nothing aligns them).
"""
# ruff: noqa: ARG001, ARG002, ARG005  (numba calls these with all it knows, used or not)

import functools
import operator
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]  # ships no types
from numba import types
from numba.core import cgutils
from numba.core.typeconv import Conversion
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, lower_cast, models, register_model

from pipeline.core.arrays import F32

LANES = 16
Lanes = Any  # in annotations of kernels; the type checker sees no deeper
_FLOATS = ir.VectorType(ir.FloatType(), LANES)
_INDEX = ir.IntType(32)
_INTS = ir.VectorType(_INDEX, LANES)
_FAST = ("fast",)
_EXP2 = (1.00000007, 0.693146967, 0.240221197, 0.0555071328, 0.00967554132, 0.00132764701)
_ROOT_HALF_BITS = 0x3F3504F3  # sqrt(1/2)
_LOG_2 = 0.6931471805599453
_SCALARS = (types.float32, types.float64)


class LanesType(types.Type):
    """<16 x float>."""

    def can_convert_from(self, typingctx: Any, other: Any) -> Any:
        """A float becomes Lanes by itself."""
        return Conversion.safe if other in _SCALARS else None


class MaskType(types.Type):
    """<16 x i1>, what a comparison gives."""


lanes_type, mask_type = LanesType(name="Lanes"), MaskType(name="Mask")


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, _FLOATS)


@register_model(MaskType)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, ir.VectorType(ir.IntType(1), LANES))


def _indices(places: list[int]) -> Any:
    return ir.Constant(ir.VectorType(_INDEX, len(places)), places)


def _spread(builder: Any, scalar: Any) -> Any:
    unset = ir.Constant(_FLOATS, ir.Undefined)
    return builder.shuffle_vector(
        builder.insert_element(unset, scalar, ir.Constant(_INDEX, 0)), unset, _indices([0] * LANES)
    )


@lower_cast(types.float32, LanesType)
@lower_cast(types.float64, LanesType)
def _cast(context: Any, builder: Any, fromty: Any, toty: Any, value: Any) -> Any:
    return _spread(builder, builder.fptrunc(value, ir.FloatType()) if fromty == types.float64 else value)


def _operator(function: Any, result: Any, emit: Callable[..., Any]) -> None:
    """Teach numba `function` of two Lanes, one of which may be a float: `emit(builder, a, b)`."""

    @infer_global(function)
    class _Typing(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            if lanes_type in args and all(a in (lanes_type, *_SCALARS) for a in args):
                return signature(result, lanes_type, lanes_type)
            return None

    @lower_builtin(function, LanesType, LanesType)
    def _lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return emit(builder, *args)


for _add in (operator.add, operator.iadd):
    _operator(_add, lanes_type, lambda builder, a, b: builder.fadd(a, b, flags=_FAST))
_operator(operator.sub, lanes_type, lambda builder, a, b: builder.fsub(a, b, flags=_FAST))
_operator(operator.mul, lanes_type, lambda builder, a, b: builder.fmul(a, b, flags=_FAST))
_operator(operator.truediv, lanes_type, lambda builder, a, b: builder.fdiv(a, b, flags=_FAST))
_operator(operator.le, mask_type, lambda builder, a, b: builder.fcmp_ordered("<=", a, b))
_operator(operator.ge, mask_type, lambda builder, a, b: builder.fcmp_ordered(">=", a, b))


def _llvm(builder: Any, name: str, a: Any) -> Any:
    """LLVM's function `name` of each lane."""
    kind = ir.FunctionType(_FLOATS, [_FLOATS])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{LANES}f32"), [a])


def _kernel(result: Any, *operands: Any) -> Callable[[Callable[..., Any]], Any]:
    """A function for kernels that takes `operands` and whose code `emit(builder, *values)` writes."""

    def wrap(emit: Callable[..., Any]) -> Any:
        def typing(typingctx: Any, *args: Any) -> Any:
            return result(*operands), lambda context, builder, sig, values: emit(builder, *values)

        return intrinsic(functools.update_wrapper(typing, emit))

    return wrap


@_kernel(lanes_type, types.float32)
def spread(builder: Any, value: Any) -> Any:
    """A float32 in all lanes, where a variable must be Lanes from its start."""
    return _spread(builder, value)


@_kernel(lanes_type, lanes_type, lanes_type)
def least(builder: Any, a: Any, b: Any) -> Any:
    """The smaller, lane by lane."""
    return builder.select(builder.fcmp_ordered("<", a, b), a, b)


@_kernel(lanes_type, lanes_type, lanes_type)
def most(builder: Any, a: Any, b: Any) -> Any:
    """The larger, lane by lane."""
    return builder.select(builder.fcmp_ordered(">", a, b), a, b)


@_kernel(lanes_type, mask_type, lanes_type, lanes_type)
def choose(builder: Any, mask: Any, a: Any, b: Any) -> Any:
    """`a` where the mask holds, `b` elsewhere."""
    return builder.select(mask, a, b)


@_kernel(lanes_type, lanes_type)
def root(builder: Any, a: Any) -> Any:
    """The square root, lane by lane."""
    return _llvm(builder, "sqrt", a)


@_kernel(lanes_type, lanes_type)
def exp2(builder: Any, x: Any) -> Any:
    """2^x for x in [-126, 127], relative error 2e-7: a minimax polynomial of the fraction, shifted by the whole."""
    whole = _llvm(builder, "rint", x)
    part = builder.fsub(x, whole)
    value = ir.Constant(_FLOATS, [_EXP2[-1]] * LANES)
    for c in _EXP2[-2::-1]:
        value = builder.fadd(builder.fmul(value, part, flags=_FAST), ir.Constant(_FLOATS, [c] * LANES), flags=_FAST)
    power = builder.shl(builder.fptosi(whole, _INTS), ir.Constant(_INTS, [23] * LANES))
    return builder.bitcast(builder.add(builder.bitcast(value, _INTS), power), _FLOATS)


@_kernel(types.UniTuple(lanes_type, 2), lanes_type)
def split(builder: Any, x: Any) -> Any:
    """(m, e) with x = m 2^e and m in [sqrt(1/2), sqrt(2)), for x > 0."""
    shift, number = ir.Constant(_INTS, [23] * LANES), builder.bitcast(x, _INTS)
    power = builder.ashr(builder.sub(number, ir.Constant(_INTS, [_ROOT_HALF_BITS] * LANES)), shift)
    fraction = builder.bitcast(builder.sub(number, builder.shl(power, shift)), _FLOATS)
    pair = ir.Constant(ir.ArrayType(_FLOATS, 2), ir.Undefined)
    pair = builder.insert_value(pair, fraction, 0)
    return builder.insert_value(pair, builder.sitofp(power, _FLOATS), 1)


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def log(x: Lanes) -> Lanes:
    """Natural logarithm of x > 0: twice the area tangent of (m - 1) / (m + 1), a minimax polynomial of its square."""
    m, e = split(x)
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    return e * _LOG_2 + s * (2.0 + z * (0.66666754 + z * (0.39980542 + z * 0.29786593)))


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def exp(x: Lanes) -> Lanes:
    """e^x, for x in [-87, 88]: cut there."""
    return exp2(most(-126.0, least(127.0, x * (1.0 / _LOG_2))))


@_kernel(types.uint64, mask_type)
def bits(builder: Any, mask: Any) -> Any:
    """The mask as a number, lane 0 its lowest bit."""
    return builder.zext(builder.bitcast(mask, ir.IntType(LANES)), ir.IntType(64))


@_kernel(types.uint64, types.uint64)
def lowest_bit(builder: Any, number: Any) -> Any:
    """Index of the lowest bit that is set in a number other than 0."""
    return builder.cttz(number, cgutils.true_bit)


@numba.njit(cache=True)
def room(size: int) -> F32:
    """`size` floats, not set, that start at a cache line: a vector that straddles two costs twice. For kernels only."""
    loose = np.empty(size + LANES, np.float32)
    skip = (-loose.ctypes.data // 4) % LANES
    return loose[skip : skip + size]


def _place(context: Any, builder: Any, sig: Any, args: Any, pointee: Any) -> Any:
    """Pointer to element `args[1]` of the contiguous array `args[0]`."""
    data = context.make_array(sig.args[0])(context, builder, args[0]).data
    return builder.bitcast(builder.gep(data, [args[1]]), pointee.as_pointer())


@intrinsic
def load(typingctx: Any, array: Any, at: Any) -> Any:
    """Lanes `array[at : at + 16]` of a contiguous 1D float32 array."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(_place(context, builder, sig, args, _FLOATS), align=4)

    return lanes_type(array, types.uint64), codegen


@intrinsic
def store(typingctx: Any, array: Any, at: Any, value: Any) -> Any:
    """Write Lanes to `array[at : at + 16]`."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], _place(context, builder, sig, args, _FLOATS), align=4)
        return context.get_dummy_value()

    return types.void(array, types.uint64, lanes_type), codegen


@intrinsic
def fetch(typingctx: Any, array: Any, at: Any) -> Any:
    """Have the cache line of element `at` of a contiguous array, of any shape, brought near for later."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        byte = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, *[_INDEX] * 3])
        prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        for_reading, keep, data = (ir.Constant(_INDEX, k) for k in (0, 3, 1))
        builder.call(prefetch, [_place(context, builder, sig, args, ir.IntType(8)), for_reading, keep, data])
        return context.get_dummy_value()

    return types.void(array, types.uint64), codegen


@intrinsic
def sums(typingctx: Any, vectors: Any) -> Any:
    """Lane k: the sum of all lanes of the k-th vector of a tuple of at most 16 Lanes; 0 beyond.

    A tree that halves and interleaves all vectors at once: a third of the work of one sum after the other.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        rows = [builder.extract_value(args[0], k) for k in range(len(vectors))]
        rows += [ir.Constant(_FLOATS, [0.0] * LANES)] * (LANES - len(rows))
        width = LANES  # of what is left to add up of each vector
        while width > 1:
            starts, width = range(0, 2 * LANES, width), width // 2
            low, high = (_indices([s + half + i for s in starts for i in range(width)]) for half in (0, width))
            rows = [
                builder.fadd(builder.shuffle_vector(a, b, low), builder.shuffle_vector(a, b, high), flags=_FAST)
                for a, b in zip(rows[::2], rows[1::2], strict=True)
            ]
        return rows[0]

    return lanes_type(vectors), codegen
