# shellcheck shell=sh
# Data: which services, resources and packages belong to which role and release. No code.
# The lists are supersets: what a node does not have is skipped.

# Services in the order of their restart: ROLE SERVICE [FROM TO], where FROM and TO are MOS versions.
# Those of controllers are in cluster-lists.sh.
SERVICES="${CONTROLLER_SERVICES-}
compute neutron-openvswitch-agent
compute neutron-plugin-openvswitch-agent
compute neutron-l3-agent
compute neutron-metadata-agent
compute neutron-sriov-agent
compute nova-compute
compute ceilometer-agent-compute
compute ceilometer-polling
compute cinder-volume
compute cinder-backup
compute-vmware nova-compute
compute-vmware ceilometer-polling
cinder cinder-volume
cinder cinder-backup
cinder-block-device cinder-volume
cinder-vmware cinder-volume
mongo mongodb
mongo mongod
ironic ironic-conductor
"

# Packages that a project's services load besides those of its own name (`nova-*`, `python-nova*`): PROJECT PATTERN…
LOADS='
apache2 libapache2-mod-* keystone python-keystone* openstack-dashboard* python-django* horizon-* nova-placement-api
ceilometer python-libvirt
ceph radosgw*
cinder python-rbd librbd* librados* ceph-common
glance python-rbd librbd* librados* ceph-common
mongod mongodb*
neutron openvswitch-* python-openvswitch dnsmasq*
nova python-rbd librbd* librados* ceph-common python-libvirt python-guestfs
'

# Services that packages must not restart while they are upgraded (shell patterns for policy-rc.d): a restart would stop
# guests, detach their volumes, lose quorum, or cut the channel over which the task reports.
PROTECTED='libvirt* virtlogd virtlockd qemu* mysql* rabbitmq-server murano-rabbitmq ceph* radosgw* tgt mcollective puppet'
# The same on nodes with pacemaker, which starts and stops these itself.
PROTECTED_HA='pacemaker corosync haproxy conntrackd ntp heat-engine neutron-*-agent neutron-dhcp-agent aodh-evaluator ceilometer-agent-central ceilometer-alarm-evaluator ceilometer-polling'

# Packages of the task channel. Upgraded first, without any other package.
AGENT_PACKAGES='nailgun-agent nailgun-mcagents mcollective mcollective-common puppet puppet-common'
# mcollective must be restarted after an upgrade of one of these.
CHANNEL_PACKAGES='nailgun-mcagents mcollective mcollective-common'

# Packages (shell patterns) that an update never upgrades. The pre-check refuses if a MOS repository offers a newer one.
UNTOUCHED_PACKAGES='linux-image* linux-headers* linux-modules* linux-generic* linux-virtual* linux-signed*'

# Packages (shell patterns) whose upgrade does not require a restart of the role's services.
QUIET_PACKAGES='fuel-* nailgun-* mcollective* puppet* *-doc *-dbg'
