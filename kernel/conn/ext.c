// SPDX-License-Identifier: GPL-2.0
/*
 * The extension of a connection: data that only templates of persistence
 * engines and connections of apps have.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "conn/app.h"
#include "conn/ext.h"
#include "pe/pe.h"

struct vs_conn_ext *vs_conn_ext_new(const struct vs_pe *pe,
				    const struct vs_pkt *p)
{
	const u8 *data;
	int len;

	vs_assert_packet_context();
	len = pe->find(p, &data);
	if (len < 0)
		return ERR_PTR(len);
	return vs_conn_ext_make(pe, data, len);
}

struct vs_conn_ext *vs_conn_ext_make(const struct vs_pe *pe, const u8 *data,
				     u8 len)
{
	struct vs_conn_ext *ext;

	ext = kmalloc(struct_size(ext, data, len), GFP_ATOMIC);
	if (!ext)
		return ERR_PTR(-ENOMEM);
	/* The engine is being unloaded; the service has just released it. */
	if (!try_module_get(pe->owner)) {
		kfree(ext);
		return ERR_PTR(-EINVAL);
	}
	ext->pe = pe;
	ext->app = NULL;
	ext->len = len;
	memcpy(ext->data, data, len);
	return ext;
}

void vs_conn_ext_free(struct vs_conn_ext *ext)
{
	if (!ext)
		return;
	vs_app_conn_free(ext->app);
	vs_pe_put(ext->pe);
	kfree(ext);
}
