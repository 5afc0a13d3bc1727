//! A VFS between SQLite and its files that counts operations and fails some of them.

#![allow(
    unsafe_code,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::cast_ptr_alignment,
    clippy::unused_self,
    reason = "a layer of SQLite is a table of C functions; it is laid over SQLite's own and in tests only; its counts are there once, as it is"
)]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::size_of;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::ffi;

/// The name it has among SQLite's layers.
pub(super) const NAME: &str = "failing";
const C_NAME: &CStr = c"failing";

static COUNTED: AtomicU64 = AtomicU64::new(0);
static FAILING: AtomicU64 = AtomicU64::new(u64::MAX);
static FROM_THEN_ON: AtomicBool = AtomicBool::new(false);
static CODE: AtomicI32 = AtomicI32::new(ffi::SQLITE_IOERR);
static ALONE: Mutex<()> = Mutex::new(());

/// The only user of the layer for as long as it lives.
pub(super) struct Layer {
    _alone: MutexGuard<'static, ()>,
}

impl Layer {
    pub(super) fn new() -> Layer {
        static REGISTERED: Once = Once::new();
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        REGISTERED.call_once(register);
        let layer = Layer { _alone: alone };
        layer.heal();
        layer
    }

    /// Fails the `n`th operation from now on with `code`, and if `from_then_on`, all after it.
    pub(super) fn fail(&self, n: u64, code: c_int, from_then_on: bool) {
        COUNTED.store(0, Ordering::SeqCst);
        CODE.store(code, Ordering::SeqCst);
        FROM_THEN_ON.store(from_then_on, Ordering::SeqCst);
        FAILING.store(n, Ordering::SeqCst);
    }

    /// Fails nothing any more.
    pub(super) fn heal(&self) {
        FAILING.store(u64::MAX, Ordering::SeqCst);
    }

    /// How many operations there were since `fail`.
    pub(super) fn counted(&self) -> u64 {
        COUNTED.load(Ordering::SeqCst)
    }
}

/// Counts an operation; the code that it is to fail with.
fn fault() -> Option<c_int> {
    let n = COUNTED.fetch_add(1, Ordering::SeqCst) + 1;
    let failing = FAILING.load(Ordering::SeqCst);
    let fails = n == failing || (n > failing && FROM_THEN_ON.load(Ordering::SeqCst));
    fails.then(|| CODE.load(Ordering::SeqCst))
}

/// A file of the layer; SQLite's own follows it in memory.
#[repr(C)]
struct FailingFile {
    base: ffi::sqlite3_file,
}

/// SQLite's own file behind `file`.
unsafe fn real(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    unsafe { file.cast::<u8>().add(size_of::<FailingFile>()).cast() }
}

/// SQLite's own layer behind `vfs`.
unsafe fn below(vfs: *mut ffi::sqlite3_vfs) -> *mut ffi::sqlite3_vfs {
    unsafe { (*vfs).pAppData.cast() }
}

fn register() {
    unsafe {
        let own = ffi::sqlite3_vfs_find(std::ptr::null());
        let mut vfs = *own;
        vfs.szOsFile += size_of::<FailingFile>() as c_int;
        vfs.pNext = std::ptr::null_mut();
        vfs.zName = C_NAME.as_ptr();
        vfs.pAppData = own.cast();
        vfs.xOpen = Some(open);
        vfs.xDelete = Some(delete);
        vfs.xAccess = Some(access);
        // the others are SQLite's own, which look at nothing of the layer that is different here
        assert_eq!(ffi::sqlite3_vfs_register(Box::leak(Box::new(vfs)), 0), ffi::SQLITE_OK);
    }
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    unsafe {
        (*file).pMethods = std::ptr::null();
        if fault().is_some() {
            return ffi::SQLITE_CANTOPEN;
        }
        let own = below(vfs);
        let Some(open) = (*own).xOpen else { return ffi::SQLITE_ERROR };
        let code = open(own, name, real(file), flags, out);
        if !(*real(file)).pMethods.is_null() {
            (*file).pMethods = &raw const METHODS;
        }
        code
    }
}

unsafe extern "C" fn delete(vfs: *mut ffi::sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    if fault().is_some() {
        return ffi::SQLITE_IOERR_DELETE;
    }
    unsafe {
        let own = below(vfs);
        (*own).xDelete.map_or(ffi::SQLITE_ERROR, |delete| delete(own, name, sync))
    }
}

unsafe extern "C" fn access(vfs: *mut ffi::sqlite3_vfs, name: *const c_char, flags: c_int, out: *mut c_int) -> c_int {
    if fault().is_some() {
        return ffi::SQLITE_IOERR_ACCESS;
    }
    unsafe {
        let own = below(vfs);
        (*own)
            .xAccess
            .map_or(ffi::SQLITE_ERROR, |access| access(own, name, flags, out))
    }
}

/// A function of files that fails when it is its turn, and else does what SQLite's own does.
macro_rules! counted {
    ($name:ident = $own:ident ($($argument:ident: $kind:ty),*)) => {
        unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file, $($argument: $kind),*) -> c_int {
            match fault() {
                Some(code) => code,
                None => unsafe {
                    let file = real(file);
                    (*(*file).pMethods).$own.map_or(ffi::SQLITE_ERROR, |own| own(file, $($argument),*))
                },
            }
        }
    };
}

/// A function of files that never fails here: SQLite relies on that.
macro_rules! passed_on {
    ($name:ident = $own:ident ($($argument:ident: $kind:ty),*) -> $answer:ty, $none:expr) => {
        unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file, $($argument: $kind),*) -> $answer {
            unsafe {
                let file = real(file);
                (*(*file).pMethods).$own.map_or($none, |own| own(file, $($argument),*))
            }
        }
    };
}

counted!(read = xRead(into: *mut c_void, length: c_int, at: ffi::sqlite3_int64));
counted!(write = xWrite(from: *const c_void, length: c_int, at: ffi::sqlite3_int64));
counted!(truncate = xTruncate(length: ffi::sqlite3_int64));
counted!(sync = xSync(flags: c_int));
counted!(file_size = xFileSize(out: *mut ffi::sqlite3_int64));
counted!(lock = xLock(level: c_int));
counted!(check_reserved_lock = xCheckReservedLock(out: *mut c_int));
counted!(shm_map = xShmMap(page: c_int, length: c_int, extend: c_int, out: *mut *mut c_void));
counted!(shm_lock_counted = xShmLock(offset: c_int, n: c_int, flags: c_int));
passed_on!(shm_unlock = xShmLock(offset: c_int, n: c_int, flags: c_int) -> c_int, ffi::SQLITE_ERROR);
passed_on!(close = xClose() -> c_int, ffi::SQLITE_OK);
passed_on!(unlock = xUnlock(level: c_int) -> c_int, ffi::SQLITE_OK);
passed_on!(file_control = xFileControl(operation: c_int, with: *mut c_void) -> c_int, ffi::SQLITE_NOTFOUND);
passed_on!(sector_size = xSectorSize() -> c_int, 0);
passed_on!(device_characteristics = xDeviceCharacteristics() -> c_int, 0);
passed_on!(shm_barrier = xShmBarrier() -> (), ());
passed_on!(shm_unmap = xShmUnmap(delete: c_int) -> c_int, ffi::SQLITE_OK);

unsafe extern "C" fn shm_lock(file: *mut ffi::sqlite3_file, offset: c_int, n: c_int, flags: c_int) -> c_int {
    unsafe {
        if flags & ffi::SQLITE_SHM_UNLOCK == 0 {
            shm_lock_counted(file, offset, n, flags)
        } else {
            shm_unlock(file, offset, n, flags)
        }
    }
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    // 2: with the memory that WAL shares, without that of maps
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};
