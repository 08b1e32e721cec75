// This file is empty: its presence lets the compiler accept the functions
// without a body that hold.go links to.
