"""A vector of sixteen float32 for numba kernels: one AVX-512 register, two AVX2 registers or four NEON registers.

LLVM's auto-vectorizer handles plain inner loops only, not a kernel that keeps its sums in registers across an irregular
loop. Here the vector is explicit and the rest stays Python:

    dx = load(plane, at) - mx  # mx, a float32, is broadcast to all lanes
    store(plane, at, select(dx <= limit, dx * dx, zero))

`Lanes` and their masks exist only within kernels; `+ - * /`, `<=` and `>=` take any mix of Lanes and floats, in
float32. Array indices are uint64, because numba wraps signed indices around. Tuples of Lanes work; lists do not,
because their elements are not aligned.
"""
# ruff: noqa: ARG001, ARG002, ARG005  (numba passes all arguments, used or not)

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
Lanes = Any  # for annotations of kernels, which the type checker cannot follow
_FLOATS = ir.VectorType(ir.FloatType(), LANES)
_INDEX = ir.IntType(32)
_INTS = ir.VectorType(_INDEX, LANES)
_FAST = ("fast",)
_EXP2 = (1.00000007, 0.693146967, 0.240221197, 0.0555071328, 0.00967554132, 0.00132764701)
_ROOT_HALF_BITS = 0x3F3504F3  # sqrt(1/2)
_LOG_2 = 0.6931471805599453
_SCALARS = (types.float32, types.float64)


class LanesType(types.Type):
    """The numba type of Lanes, <16 x float>."""

    def can_convert_from(self, typingctx: Any, other: Any) -> Any:
        """Convert floats implicitly."""
        return Conversion.safe if other in _SCALARS else None


class MaskType(types.Type):
    """The numba type of a comparison's result, <16 x i1>."""


lanes_type, mask_type = LanesType(name="Lanes"), MaskType(name="Mask")


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, _FLOATS)


@register_model(MaskType)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, ir.VectorType(ir.IntType(1), LANES))


def _indices(lanes: list[int]) -> Any:
    return ir.Constant(ir.VectorType(_INDEX, len(lanes)), lanes)


def _broadcast(builder: Any, scalar: Any) -> Any:
    unset = ir.Constant(_FLOATS, ir.Undefined)
    return builder.shuffle_vector(
        builder.insert_element(unset, scalar, ir.Constant(_INDEX, 0)), unset, _indices([0] * LANES)
    )


@lower_cast(types.float32, LanesType)
@lower_cast(types.float64, LanesType)
def _cast(context: Any, builder: Any, fromty: Any, toty: Any, value: Any) -> Any:
    return _broadcast(builder, builder.fptrunc(value, ir.FloatType()) if fromty == types.float64 else value)


def _operator(function: Any, result: Any, emit: Callable[..., Any]) -> None:
    """Register `function` of two Lanes, one of which may be a float; `emit(builder, a, b)` generates its code."""

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
    """Apply LLVM's intrinsic `name` to each lane."""
    kind = ir.FunctionType(_FLOATS, [_FLOATS])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{LANES}f32"), [a])


def _kernel(result: Any, *operands: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make an intrinsic of `operands`; the decorated `emit(builder, *values)` generates its code."""

    def wrap(emit: Callable[..., Any]) -> Any:
        def typing(typingctx: Any, *args: Any) -> Any:
            return result(*operands), lambda context, builder, sig, values: emit(builder, *values)

        return intrinsic(functools.update_wrapper(typing, emit))

    return wrap


@_kernel(lanes_type, types.float32)
def broadcast(builder: Any, value: Any) -> Any:
    """Copy a float32 to all lanes; needed where a variable must be Lanes from its first assignment."""
    return _broadcast(builder, value)


@_kernel(lanes_type, lanes_type, lanes_type)
def minimum(builder: Any, a: Any, b: Any) -> Any:
    """Return the smaller value in each lane."""
    return builder.select(builder.fcmp_ordered("<", a, b), a, b)


@_kernel(lanes_type, lanes_type, lanes_type)
def maximum(builder: Any, a: Any, b: Any) -> Any:
    """Return the larger value in each lane."""
    return builder.select(builder.fcmp_ordered(">", a, b), a, b)


@_kernel(lanes_type, mask_type, lanes_type, lanes_type)
def select(builder: Any, mask: Any, a: Any, b: Any) -> Any:
    """Return `a` where the mask is set and `b` elsewhere."""
    return builder.select(mask, a, b)


@_kernel(lanes_type, lanes_type)
def sqrt(builder: Any, a: Any) -> Any:
    """Return the square root of each lane."""
    return _llvm(builder, "sqrt", a)


@_kernel(lanes_type, lanes_type)
def exp2(builder: Any, x: Any) -> Any:
    """Return 2^x for x in [-126, 127], relative error 2e-7, by a minimax polynomial of the fractional part."""
    whole = _llvm(builder, "rint", x)
    part = builder.fsub(x, whole)
    value = ir.Constant(_FLOATS, [_EXP2[-1]] * LANES)
    for c in _EXP2[-2::-1]:
        value = builder.fadd(builder.fmul(value, part, flags=_FAST), ir.Constant(_FLOATS, [c] * LANES), flags=_FAST)
    power = builder.shl(builder.fptosi(whole, _INTS), ir.Constant(_INTS, [23] * LANES))
    return builder.bitcast(builder.add(builder.bitcast(value, _INTS), power), _FLOATS)


@_kernel(types.UniTuple(lanes_type, 2), lanes_type)
def split(builder: Any, x: Any) -> Any:
    """Split x > 0 into (m, e) with x = m 2^e and m in [sqrt(1/2), sqrt(2))."""
    shift, number = ir.Constant(_INTS, [23] * LANES), builder.bitcast(x, _INTS)
    power = builder.ashr(builder.sub(number, ir.Constant(_INTS, [_ROOT_HALF_BITS] * LANES)), shift)
    fraction = builder.bitcast(builder.sub(number, builder.shl(power, shift)), _FLOATS)
    pair = ir.Constant(ir.ArrayType(_FLOATS, 2), ir.Undefined)
    pair = builder.insert_value(pair, fraction, 0)
    return builder.insert_value(pair, builder.sitofp(power, _FLOATS), 1)


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def log(x: Lanes) -> Lanes:
    """Return the natural logarithm of x > 0: 2 artanh((m - 1) / (m + 1)), a minimax polynomial in the square."""
    m, e = split(x)
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    return e * _LOG_2 + s * (2.0 + z * (0.66666754 + z * (0.39980542 + z * 0.29786593)))


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def exp(x: Lanes) -> Lanes:
    """Return e^x, with x clamped to [-87, 88]."""
    return exp2(maximum(-126.0, minimum(127.0, x * (1.0 / _LOG_2))))


@_kernel(types.uint64, mask_type)
def bits(builder: Any, mask: Any) -> Any:
    """Return the mask as a number whose lowest bit is lane 0."""
    return builder.zext(builder.bitcast(mask, ir.IntType(LANES)), ir.IntType(64))


@_kernel(types.uint64, types.uint64)
def lowest_bit(builder: Any, number: Any) -> Any:
    """Return the index of the lowest set bit of a number other than 0."""
    return builder.cttz(number, cgutils.true_bit)


@numba.njit(cache=True)
def empty_aligned(size: int) -> F32:
    """Allocate `size` uninitialised floats at a cache line: a vector across two lines costs twice. For kernels only."""
    loose = np.empty(size + LANES, np.float32)
    skip = (-loose.ctypes.data // 4) % LANES
    return loose[skip : skip + size]


def _pointer(context: Any, builder: Any, sig: Any, args: Any, pointee: Any) -> Any:
    """Return a pointer to element `args[1]` of the contiguous array `args[0]`."""
    data = context.make_array(sig.args[0])(context, builder, args[0]).data
    return builder.bitcast(builder.gep(data, [args[1]]), pointee.as_pointer())


@intrinsic
def load(typingctx: Any, array: Any, at: Any) -> Any:
    """Load `array[at : at + 16]` of a contiguous 1D float32 array."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(_pointer(context, builder, sig, args, _FLOATS), align=4)

    return lanes_type(array, types.uint64), codegen


@intrinsic
def store(typingctx: Any, array: Any, at: Any, value: Any) -> Any:
    """Store Lanes to `array[at : at + 16]`."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], _pointer(context, builder, sig, args, _FLOATS), align=4)
        return context.get_dummy_value()

    return types.void(array, types.uint64, lanes_type), codegen


@intrinsic
def prefetch(typingctx: Any, array: Any, at: Any) -> Any:
    """Prefetch the cache line of element `at` of a contiguous array of any shape."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        byte = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, *[_INDEX] * 3])
        llvm_prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        for_reading, keep, data = (ir.Constant(_INDEX, k) for k in (0, 3, 1))
        builder.call(llvm_prefetch, [_pointer(context, builder, sig, args, ir.IntType(8)), for_reading, keep, data])
        return context.get_dummy_value()

    return types.void(array, types.uint64), codegen


@intrinsic
def lane_sums(typingctx: Any, vectors: Any) -> Any:
    """Sum each vector of a tuple of at most 16 Lanes: lane k of the result is the sum of vector k, 0 beyond the last.

    A tree that halves and interleaves all vectors at once: a third of the work of one sum after another.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        rows = [builder.extract_value(args[0], k) for k in range(len(vectors))]
        rows += [ir.Constant(_FLOATS, [0.0] * LANES)] * (LANES - len(rows))
        width = LANES  # partial sums that remain of each vector
        while width > 1:
            starts, width = range(0, 2 * LANES, width), width // 2
            low, high = (_indices([s + half + i for s in starts for i in range(width)]) for half in (0, width))
            rows = [
                builder.fadd(builder.shuffle_vector(a, b, low), builder.shuffle_vector(a, b, high), flags=_FAST)
                for a, b in zip(rows[::2], rows[1::2], strict=True)
            ]
        return rows[0]

    return lanes_type(vectors), codegen
