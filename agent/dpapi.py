"""Windows' own seal for secrets (DPAPI), for this computer: any service of it may open, no other computer can. Knows no files."""

import ctypes
import sys

LOCAL_MACHINE, UI_FORBIDDEN = 0x4, 0x1


class _Blob(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint32), ("data", ctypes.POINTER(ctypes.c_char))]


def protect(data: bytes) -> bytes:
    """Seal for this computer; raises OSError."""
    return _call("CryptProtectData", data)


def unprotect(data: bytes) -> bytes:
    """Open what this computer sealed; raises OSError."""
    return _call("CryptUnprotectData", data)


def _call(name: str, data: bytes) -> bytes:
    if sys.platform != "win32":
        raise OSError("DPAPI is a part of Windows")
    function = getattr(ctypes.WinDLL("crypt32", use_last_error=True), name)
    function.argtypes = [ctypes.POINTER(_Blob), *[ctypes.c_void_p] * 4, ctypes.c_uint32, ctypes.POINTER(_Blob)]
    function.restype = ctypes.c_int
    buffer = ctypes.create_string_buffer(data, len(data))
    given, made = _Blob(len(data), ctypes.cast(buffer, ctypes.POINTER(ctypes.c_char))), _Blob()
    if not function(ctypes.byref(given), None, None, None, None, LOCAL_MACHINE | UI_FORBIDDEN, ctypes.byref(made)):
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        return ctypes.string_at(made.data, made.size)
    finally:
        free = ctypes.WinDLL("kernel32").LocalFree
        free.argtypes, free.restype = [ctypes.c_void_p], ctypes.c_void_p
        free(made.data)
