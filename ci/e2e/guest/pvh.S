/*
 * The smallest kernel with a PVH entry: says that it runs and what its
 * command line and its memory are, and halts for good.
 */
	.code32
	.globl	start
	.text

	.set	COM1, 0x3f8

start:
	movl	$0x90000, %esp
	cld
	movl	$s_hello, %esi
	call	puts
	cmpl	$0x336ec578, (%ebx)	/* struct hvm_start_info */
	jne	end
	movl	24(%ebx), %esi		/* the command line */
	call	puts
	movl	$s_newline, %esi
	call	puts
	movl	16(%ebx), %esi		/* the first module's bytes */
	testl	%esi, %esi
	jz	end
	movl	(%esi), %esi
	call	puts
	movl	$s_newline, %esi
	call	puts
end:
	movl	$s_done, %esi
	call	puts
	cli
1:	hlt
	jmp	1b

puts:
	lodsb
	testb	%al, %al
	jz	2f
	movb	%al, %ah
	movw	$COM1 + 5, %dx
1:	inb	%dx, %al
	testb	$0x20, %al
	jz	1b
	movb	%ah, %al
	movw	$COM1, %dx
	outb	%al, %dx
	jmp	puts
2:	ret

s_hello:
	.asciz	"pvh: started\r\npvh: "
s_newline:
	.asciz	"\r\n"
s_done:
	.asciz	"pvh: done\r\n"

	.section .note.xen, "a", @note
	.long	4, 4, 18
	.asciz	"Xen"
	.long	start
