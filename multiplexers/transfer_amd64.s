#include "textflag.h"

// func transfer(e Entry, trap uintptr, fd int, p *byte, n int) (done int, errno unix.Errno)
TEXT ·transfer(SB), NOSPLIT, $0-56
	CMPB e+0(FP), $1 // Raw
	JNE  runtime
	MOVQ trap+8(FP), AX
	MOVQ fd+16(FP), DI
	MOVQ p+24(FP), SI
	MOVQ n+32(FP), DX
	XORL R10, R10
	XORL R8, R8
	XORL R9, R9
	SYSCALL
	CMPQ AX, $-4095 // errors are the numbers from here on
	JCC  failed
	MOVQ AX, done+40(FP)
	MOVQ $0, errno+48(FP)
	RET

failed:
	NEGQ AX
	MOVQ $0, done+40(FP)
	MOVQ AX, errno+48(FP)
	RET

runtime:
	JMP ·transferRuntime(SB)
