// SPDX-License-Identifier: GPL-2.0
/*
 * overdrive_coverage.ko: counts how often each basic block of overdrive.ko runs.
 *
 * `make module COVERAGE=1` has the compilers put a call into every block. The
 * caller's address, as an offset into the text of the module, is the block's
 * name: which line it belongs to is found out on the host, in overdrive.ko.
 *
 * KCOV, which the kernel has for this, counts for one task. What overdrive does
 * in work items, interrupts and the hub's worker is nobody's there.
 *
 * The counters are a module's of their own, so that they outlive overdrive.ko,
 * which tests load and unload.
 */
#include <linux/debugfs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>

#define WATCHED_MODULE "overdrive"

/* Calls take at least four bytes, on all architectures. */
#define COUNTERS_SHIFT 2

/* Added to an offset into what is freed after the module's init function. */
#define INIT_TEXT_OFFSET 0x80000000UL

struct text {
	unsigned long base;
	unsigned long size;
	unsigned long offset;
	u8 *counters;
};

/* Written while the module is loaded, before any of it runs. */
static struct text texts[] = {
	{ .offset = 0 },
	{ .offset = INIT_TEXT_OFFSET },
};

void __sanitizer_cov_trace_pc(void);

/*
 * Called at the start of every basic block, in any context. Counts that collide
 * are lost; that the block ran is not.
 */
void notrace __sanitizer_cov_trace_pc(void)
{
	unsigned long address = (unsigned long)__builtin_return_address(0);

	for (int i = 0; i < ARRAY_SIZE(texts); i++) {
		unsigned long offset = address - texts[i].base;

		if (offset < texts[i].size) {
			u8 *counter = &texts[i].counters[offset >> COUNTERS_SHIFT];
			u8 count = READ_ONCE(*counter);

			if (count != U8_MAX)
				WRITE_ONCE(*counter, count + 1);
			return;
		}
	}
}
EXPORT_SYMBOL_GPL(__sanitizer_cov_trace_pc);

static unsigned long counters_size(const struct text *text)
{
	return text->size >> COUNTERS_SHIFT;
}

/* The counters stay when the module is loaded again: its text is the same. */
static int watch(struct text *text, const struct module_memory *memory)
{
	u8 *counters = text->counters;

	if (!counters) {
		counters = kvzalloc((memory->size >> COUNTERS_SHIFT) + 1, GFP_KERNEL);
		if (!counters)
			return -ENOMEM;
	} else if (text->size != memory->size) {
		return -EEXIST;
	}
	text->counters = counters;
	text->base = (unsigned long)memory->base;
	text->size = memory->size;
	return 0;
}

static int module_event(struct notifier_block *nb, unsigned long action, void *data)
{
	const struct module *mod = data;
	int err;

	if (action != MODULE_STATE_COMING || strcmp(mod->name, WATCHED_MODULE))
		return NOTIFY_DONE;
	err = watch(&texts[0], &mod->mem[MOD_TEXT]);
	if (!err)
		err = watch(&texts[1], &mod->mem[MOD_INIT_TEXT]);
	return notifier_from_errno(err);
}

static struct notifier_block module_notifier = {
	.notifier_call = module_event,
};

/* What one opening of the file has taken. */
struct reached {
	u8 *counters[ARRAY_SIZE(texts)];
	unsigned long size[ARRAY_SIZE(texts)];
};

static void reached_free(struct reached *reached)
{
	if (!reached)
		return;
	for (int i = 0; i < ARRAY_SIZE(texts); i++)
		kvfree(reached->counters[i]);
	kfree(reached);
}

static struct reached *reached_take(void)
{
	struct reached *reached = kzalloc(sizeof(*reached), GFP_KERNEL);

	if (!reached)
		return NULL;
	for (int i = 0; i < ARRAY_SIZE(texts); i++) {
		reached->size[i] = counters_size(&texts[i]);
		if (!reached->size[i])
			continue;
		reached->counters[i] = kvmalloc(reached->size[i], GFP_KERNEL);
		if (!reached->counters[i]) {
			reached_free(reached);
			return NULL;
		}
		for (unsigned long at = 0; at < reached->size[i]; at++) {
			u8 count = READ_ONCE(texts[i].counters[at]);

			reached->counters[i][at] = count;
			if (count)
				WRITE_ONCE(texts[i].counters[at], 0);
		}
	}
	return reached;
}

/* A position counts through the counters of one text after the other. */
static u8 *reached_at(const struct reached *reached, loff_t pos, unsigned long *offset)
{
	for (int i = 0; i < ARRAY_SIZE(texts); i++) {
		if (pos < reached->size[i]) {
			*offset = ((unsigned long)pos << COUNTERS_SHIFT) + texts[i].offset;
			return &reached->counters[i][pos];
		}
		pos -= reached->size[i];
	}
	return NULL;
}

static void *reached_start(struct seq_file *m, loff_t *pos)
{
	unsigned long offset;
	u8 *counter;

	for (; (counter = reached_at(m->private, *pos, &offset)); ++*pos)
		if (*counter)
			return pos;
	return NULL;
}

static void *reached_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return reached_start(m, pos);
}

static void reached_stop(struct seq_file *m, void *v)
{
}

static int reached_show(struct seq_file *m, void *v)
{
	unsigned long offset;
	u8 *counter = reached_at(m->private, *(loff_t *)v, &offset);

	seq_printf(m, "%lx %u\n", offset, *counter);
	return 0;
}

static const struct seq_operations reached_ops = {
	.start = reached_start,
	.next = reached_next,
	.stop = reached_stop,
	.show = reached_show,
};

static int reached_open(struct inode *inode, struct file *file)
{
	struct reached *reached = reached_take();
	int err;

	if (!reached)
		return -ENOMEM;
	err = seq_open(file, &reached_ops);
	if (err)
		reached_free(reached);
	else
		((struct seq_file *)file->private_data)->private = reached;
	return err;
}

static int reached_release(struct inode *inode, struct file *file)
{
	reached_free(((struct seq_file *)file->private_data)->private);
	return seq_release(inode, file);
}

static const struct file_operations reached_fops = {
	.owner = THIS_MODULE,
	.open = reached_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = reached_release,
};

static int __init coverage_init(void)
{
	int err = register_module_notifier(&module_notifier);

	if (err)
		return err;
	debugfs_create_file("reached", 0400, debugfs_create_dir("overdrive_coverage", NULL),
			    NULL, &reached_fops);
	/* There is no way to give the counters back while code may count. */
	__module_get(THIS_MODULE);
	return 0;
}
module_init(coverage_init);

MODULE_DESCRIPTION("Counts which basic blocks of overdrive run");
MODULE_LICENSE("GPL");
