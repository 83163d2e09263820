// SPDX-License-Identifier: Apache-2.0
// Classification and text of errors.
#include "core/base/result.h"

#include <cerrno>
#include <system_error>

#include "videostream/error.h"

namespace videostream {

Error WithContext(Error error, std::string_view prefix) {
  error.message.insert(0, ": ");
  error.message.insert(0, prefix);
  return error;
}

Error ErrnoError(int err, std::string_view what) {
  return WithContext(Error{CodeFromErrno(err), std::generic_category().message(err)}, what);
}

Code CodeFromErrno(int err) {
  switch (err) {
    case EINVAL:
    case ENAMETOOLONG:
    case EDOM:
    case ERANGE:
      return Code::kInvalidArgument;
    case ENOTTY:
    case ENOSYS:
    case EOPNOTSUPP:
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT:
      return Code::kUnsupported;
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case ENOTDIR:
    case ECONNREFUSED:
      return Code::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::kPermission;
    case EBUSY:
    case EAGAIN:
    case EADDRINUSE:
    case ETXTBSY:
      return Code::kBusy;
    case ENOMEM:
    case ENOBUFS:
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
      return Code::kNoMemory;
    case ETIMEDOUT:
    case ETIME:
      return Code::kTimeout;
    case ECANCELED:
      return Code::kCancelled;
    case EBADF:
      return Code::kInternal;
    default:
      return Code::kIo;
  }
}

const char* CodeName(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
      return "invalid_argument";
    case Code::kUnsupported:
      return "unsupported";
    case Code::kNotFound:
      return "not_found";
    case Code::kPermission:
      return "permission";
    case Code::kBusy:
      return "busy";
    case Code::kNoMemory:
      return "no_memory";
    case Code::kIo:
      return "io";
    case Code::kTimeout:
      return "timeout";
    case Code::kEndOfStream:
      return "end_of_stream";
    case Code::kCancelled:
      return "cancelled";
    case Code::kInternal:
      return "internal";
  }
  return "unknown";
}

int ExitCode(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
      return 2;
    case Code::kUnsupported:
    case Code::kNotFound:
      return 3;
    case Code::kPermission:
      return 4;
    case Code::kTimeout:
      return 5;
    default:
      return 1;
  }
}

int32_t AbiCode(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
      return VSTREAM_E_INVALID;
    case Code::kUnsupported:
      return VSTREAM_E_UNSUPPORTED;
    case Code::kNotFound:
      return VSTREAM_E_NOT_FOUND;
    case Code::kPermission:
      return VSTREAM_E_PERMISSION;
    case Code::kBusy:
      return VSTREAM_E_BUSY;
    case Code::kNoMemory:
      return VSTREAM_E_NO_MEMORY;
    case Code::kIo:
      return VSTREAM_E_IO;
    case Code::kTimeout:
      return VSTREAM_E_TIMEOUT;
    case Code::kEndOfStream:
    case Code::kCancelled:
      return VSTREAM_E_END_OF_STREAM;
    case Code::kInternal:
      break;
  }
  return VSTREAM_E_INTERNAL;
}

Code CodeFromAbi(int32_t code) {
  switch (code) {
    case VSTREAM_E_INVALID:
      return Code::kInvalidArgument;
    case VSTREAM_E_UNSUPPORTED:
      return Code::kUnsupported;
    case VSTREAM_E_NOT_FOUND:
      return Code::kNotFound;
    case VSTREAM_E_PERMISSION:
      return Code::kPermission;
    case VSTREAM_E_BUSY:
    case VSTREAM_E_AGAIN:
      return Code::kBusy;
    case VSTREAM_E_NO_MEMORY:
      return Code::kNoMemory;
    case VSTREAM_E_IO:
      return Code::kIo;
    case VSTREAM_E_TIMEOUT:
      return Code::kTimeout;
    case VSTREAM_E_END_OF_STREAM:
      return Code::kEndOfStream;
    default:
      return Code::kInternal;
  }
}

}  // namespace videostream
