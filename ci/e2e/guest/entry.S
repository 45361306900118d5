/*
 * The way into a guest in C, by PVH: its own tables, interrupts that only
 * count, and main(struct hvm_start_info *) with 32 bits and no paging.
 */
	.code32
	.globl	start, interrupts
	.text

	.set	CODE, 8
	.set	DATA, 16

start:
	movl	$stack_end, %esp
	cld
	lgdt	gdtr
	ljmp	$CODE, $1f
1:	movw	$DATA, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	$idt, %edi
	movl	$256, %ecx
	movl	$taken, %eax
	movl	%eax, %edx
	andl	$0xffff0000, %edx
	orl	$0x8e00, %edx
	andl	$0xffff, %eax
	orl	$CODE << 16, %eax
2:	movl	%eax, (%edi)
	movl	%edx, 4(%edi)
	addl	$8, %edi
	loop	2b
	lidt	idtr
	pushl	%ebx
	call	main
	cli
3:	hlt
	jmp	3b

/* Whatever it was, both controllers are told that it is done. */
taken:
	pushl	%eax
	incl	interrupts
	movb	$0x20, %al
	outb	%al, $0xa0
	outb	%al, $0x20
	popl	%eax
	/* iret: a hypervisor that has to emulate it may not be able to. */
	pushl	8(%esp)
	popfl
	ret	$8

	.balign	8
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff
	.quad	0x00cf93000000ffff
gdtr:
	.word	23
	.long	gdt
idtr:
	.word	2047
	.long	idt

	.bss
	.balign	16
interrupts:
	.skip	4
idt:
	.skip	2048
	.skip	16384
stack_end:

	.section .note.xen, "a", @note
	.long	4, 4, 18
	.asciz	"Xen"
	.long	start

	.section .note.GNU-stack, "", @progbits
