/*
 * A guest of our own, started by firmware from a disk or a CD (El Torito, no
 * emulation): says on com1 what it finds, takes timer interrupts, reads back
 * what it wrote, and halts for good.
 *
 * Two KiB: a disk's first sector loads the other three.  Each line on com1
 * begins with "guest:"; the last one is "guest: done".
 */
	.code16
	.globl	start
	.text

	.set	COM1, 0x3f8
	.set	BUF, 0x4000		/* 4 KiB for data */
	.set	FIRST, 64		/* sector of the disk to write to */
	.set	COUNT, 8		/* sectors */
	.set	TICKS, 100		/* timer interrupts to wait for */

start:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$0x7c00, %sp
	sti
	cld
	ljmp	$0, $1f
1:	movb	%dl, drive
	movw	$s_hello, %si
	call	puts
	movb	drive, %al
	call	hex
	call	newline
	cmpl	$0x4c4f4f43, magic	/* the rest is here already */
	je	main
	movw	$0x7e00, packet + 4
	movw	$3, packet + 2
	movl	$1, packet + 8
	movb	$0x42, %ah
	call	disk
	jc	failed_load
	cmpl	$0x4c4f4f43, magic
	je	main
failed_load:
	movw	$s_noload, %si
	call	puts
	jmp	end

/* int 13h with the packet; carry on failure. */
disk:
	movb	drive, %dl
	movw	$packet, %si
	movb	$0, %al
	int	$0x13
	ret

/* A text at %si. */
puts:
	lodsb
	testb	%al, %al
	jz	1f
	call	putc
	jmp	puts
1:	ret

putc:
	pushw	%dx
	pushw	%ax
	movw	$COM1 + 5, %dx
1:	inb	%dx, %al
	testb	$0x20, %al
	jz	1b
	popw	%ax
	movw	$COM1, %dx
	outb	%al, %dx
	popw	%dx
	ret

/* %al in two digits. */
hex:
	pushw	%ax
	shrb	$4, %al
	call	digit
	popw	%ax
	andb	$15, %al
digit:
	andb	$15, %al
	addb	$'0', %al
	cmpb	$'9', %al
	jbe	putc
	addb	$'a' - '0' - 10, %al
	jmp	putc

newline:
	movb	$'\r', %al
	call	putc
	movb	$'\n', %al
	jmp	putc

end:
	movw	$s_done, %si
	call	puts
	cli
1:	hlt
	jmp	1b

s_hello:
	.asciz	"guest: started from drive "
s_noload:
	.asciz	"guest: the rest cannot be loaded\r\n"
s_done:
	.asciz	"guest: done\r\n"

	.balign	4
packet:
	.byte	16, 0
	.word	0			/* sectors */
	.word	0, 0			/* offset, segment */
	.quad	0			/* first sector */
drive:
	.byte	0

	.org	510
	.word	0xaa55

/* ------------------------------------------------- the other three sectors */
main:
	call	timer
	cmpb	$0xe0, drive
	jae	cd
	call	harddisk
	jmp	end

/* Our own handler for interrupt 8, at 1 kHz, then the old one again. */
timer:
	cli
	pushl	8 * 4
	movw	$tick, 8 * 4
	movw	$0, 8 * 4 + 2
	movb	$0x34, %al
	outb	%al, $0x43
	movw	$1193, %ax
	outb	%al, $0x40
	movb	%ah, %al
	outb	%al, $0x40
	sti
1:	hlt
	cmpw	$TICKS, ticks
	jb	1b
	cli
	popl	8 * 4
	movb	$0x34, %al
	outb	%al, $0x43
	xorb	%al, %al
	outb	%al, $0x40
	outb	%al, $0x40
	sti
	movw	$s_ticks, %si
	jmp	puts

tick:
	pushw	%ax
	incw	%cs:ticks
	movb	$0x20, %al
	outb	%al, $0x20
	popw	%ax
	iret

/* Writes a pattern, reads it back. */
harddisk:
	movw	$BUF, %di
	movw	$COUNT * 256, %cx
	movw	$0x1234, %ax
1:	stosw
	imulw	$31, %ax, %ax
	incw	%ax
	loop	1b
	call	area
	movb	$0x43, %ah
	call	disk
	movw	$s_nowrite, %si
	jc	puts
	movw	$BUF, %di
	movw	$COUNT * 256, %cx
	xorw	%ax, %ax
	rep	stosw
	call	area
	movb	$0x42, %ah
	call	disk
	movw	$s_noread, %si
	jc	puts
	movw	$BUF, %si
	movw	$COUNT * 256, %cx
	movw	$0x1234, %bx
2:	lodsw
	cmpw	%bx, %ax
	jne	3f
	imulw	$31, %bx, %bx
	incw	%bx
	loop	2b
	movw	$s_disk, %si
	jmp	puts
3:	movw	$s_differs, %si
	jmp	puts

area:
	movw	$COUNT, packet + 2
	movw	$BUF, packet + 4
	movl	$FIRST, packet + 8
	ret

/* The volume descriptor is there, and nothing can be written. */
cd:
	movw	$1, packet + 2
	movw	$BUF, packet + 4
	movl	$16, packet + 8
	movb	$0x42, %ah
	call	disk
	movw	$s_noread, %si
	jc	1f
	cmpl	$0x30304443, BUF + 1
	movw	$s_differs, %si
	jne	1f
	movw	$s_cd, %si
	call	puts
	movb	$0x43, %ah
	call	disk
	movw	$s_ro, %si
	jc	1f
	movw	$s_wrote, %si
1:	call	puts
	jmp	end

	.balign	2
ticks:
	.word	0

s_ticks:
	.asciz	"guest: timer interrupts taken\r\n"
s_disk:
	.asciz	"guest: disk read back what was written\r\n"
s_nowrite:
	.asciz	"guest: disk cannot be written\r\n"
s_noread:
	.asciz	"guest: cannot be read\r\n"
s_differs:
	.asciz	"guest: other bytes than expected\r\n"
s_cd:
	.asciz	"guest: CD has a volume descriptor\r\n"
s_ro:
	.asciz	"guest: CD cannot be written\r\n"
s_wrote:
	.asciz	"guest: a CD was written\r\n"

	.org	2044
magic:
	.ascii	"COOL"
